// Opens pages in headless Chromium as readers do - desktop and phone, light and dark, on A4 and Letter - and checks what faults.md and
// reports.md ask of them: axe finds nothing, nothing runs, nothing is loaded, nothing is wider than the screen, no row is cut in print.
//
//   node tests/browser/check.mjs [--axe axe.min.js] [--pictures DIRECTORY] PAGE.html...
//
// Without --axe the accessibility rules are left out. With --pictures every view is kept as a picture or PDF.

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";

const LARGEST_BYTES = 1_500_000;
const SCREENS = [
    { name: "desktop", width: 1280, height: 900 },
    { name: "phone", width: 360, height: 780 },
];
const PAPERS = [
    { name: "a4", width: 8.27, height: 11.69 },
    { name: "letter", width: 8.5, height: 11 },
];
// The margin that the style sheets ask for, as a part of what a page of a printer can hold.
const MARGIN_INCHES = 14 / 25.4;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const given = process.argv.slice(2);
const option = (name) => {
    const at = given.indexOf(name);
    return at < 0 ? undefined : given.splice(at, 2)[1];
};
const axe = option("--axe");
const pictures = option("--pictures");
const rules = axe && readFileSync(axe, "utf8");
if (pictures) mkdirSync(pictures, { recursive: true });

const wrong = [];
const browser = await launch();
try {
    for (const path of given) await check(path);
} finally {
    await browser.close();
}
for (const line of wrong) console.error(line);
console.log(`${given.length} pages, ${wrong.length} faults${axe ? "" : " (without axe)"}`);
process.exitCode = wrong.length > 0 ? 1 : 0;

async function check(path) {
    const fault = (text) => wrong.push(`${path}: ${text}`);
    const bytes = statSync(path).size;
    if (bytes > LARGEST_BYTES) fault(`${bytes} bytes, more than ${LARGEST_BYTES}`);
    const page = await browser.page();
    const evaluate = async (expression) => {
        const { result, exceptionDetails } = await page.send("Runtime.evaluate", {
            expression,
            awaitPromise: true,
            returnByValue: true,
        });
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
    };
    const url = pathToFileURL(resolve(path)).href;
    // Whatever the page asks for besides itself, and whatever its policy has to stop, is a fault.
    page.on("Network.requestWillBeSent", ({ request }) => {
        if (request.url.split("#")[0] !== url) fault(`asks for ${request.url}`);
    });
    page.on("Log.entryAdded", ({ entry }) => fault(`the browser says: ${entry.text}`));
    page.on("Page.javascriptDialogOpening", ({ message }) => fault(`a script speaks: ${message}`));
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await page.send(`${domain}.enable`);
    const open = async () => {
        const loaded = new Promise((done) => page.on("Page.loadEventFired", done));
        await page.send("Page.navigate", { url });
        await loaded;
    };
    const shot = async (name) => {
        if (!pictures) return;
        const full = await page.send("Page.captureScreenshot", { captureBeyondViewport: true, format: "png" });
        const first = await page.send("Page.captureScreenshot", { format: "png" });
        const stem = basename(path, ".html");
        writeFileSync(join(pictures, `${stem}-${name}.png`), Buffer.from(full.data, "base64"));
        writeFileSync(join(pictures, `${stem}-${name}-first.png`), Buffer.from(first.data, "base64"));
    };

    for (const screen of SCREENS) {
        for (const scheme of ["light", "dark"]) {
            const view = `${screen.name}, ${scheme}`;
            await page.send("Emulation.setDeviceMetricsOverride", {
                width: screen.width,
                height: screen.height,
                deviceScaleFactor: 1,
                mobile: screen.name === "phone",
            });
            await page.send("Emulation.setEmulatedMedia", {
                media: "screen",
                features: [{ name: "prefers-color-scheme", value: scheme }],
            });
            await open();
            await shot(`${screen.name}-${scheme}`);
            const shape = await evaluate(`({
                heads: document.querySelectorAll("h1").length,
                scripts: document.querySelectorAll("script, iframe, object, embed, link, form, base").length,
                handlers: [...document.querySelectorAll("*")].flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith("on") || n === "style").length,
                leaving: [...document.querySelectorAll("[href], [src], [xlink\\\\:href]")]
                    .map((e) => e.getAttribute("href") ?? e.getAttribute("src") ?? e.getAttribute("xlink:href")).filter((to) => !to.startsWith("#")),
                dangling: [...document.querySelectorAll("a[href^='#']")].map((e) => e.getAttribute("href").slice(1)).filter((id) => !document.getElementById(id)),
                wide: document.documentElement.scrollWidth,
            })`);
            if (shape.heads !== 1) fault(`${view}: ${shape.heads} first headings`);
            if (shape.scripts + shape.handlers > 0) fault(`${view}: ${shape.scripts} active elements, ${shape.handlers} handlers or inline styles`);
            for (const to of shape.leaving) fault(`${view}: leads out to ${to}`);
            for (const id of new Set(shape.dangling)) fault(`${view}: nothing is called #${id}`);
            if (shape.wide > screen.width) fault(`${view}: ${shape.wide} pixels wide, the screen has ${screen.width}`);
            if (!rules) continue;
            await evaluate(`document.querySelectorAll("details").forEach((one) => (one.open = true))`);
            await evaluate(rules);
            const found = await evaluate(`axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ["violations"] })
                .then(({ violations }) => violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.length, first: nodes[0].html.slice(0, 160), why: nodes[0].failureSummary })))`);
            for (const { id, help, nodes, first, why } of found) fault(`${view}: axe ${id}: ${help} (${nodes}): ${first}: ${why}`);
        }
    }

    for (const paper of PAPERS) {
        const [width, height] = [paper.width, paper.height].map((inches) => Math.floor((inches - 2 * MARGIN_INCHES) * 96));
        await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
        await page.send("Emulation.setEmulatedMedia", { media: "print", features: [] });
        await open();
        const cut = await evaluate(`({
            wide: document.documentElement.scrollWidth,
            widest: [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > ${width} + 1)
                .map((e) => e.tagName + " " + (e.textContent ?? "").trim().slice(0, 60)).slice(-1)[0],
            rows: [...document.querySelectorAll("tr")].filter((row) => getComputedStyle(row).breakInside !== "avoid").length,
            tall: [...document.querySelectorAll("tr, figure")].filter((row) => row.getBoundingClientRect().height > ${height}).length,
            clipped: [...document.querySelectorAll("*")].filter((e) => !e.closest(".visually-hidden, svg") && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
                && getComputedStyle(e).overflowX !== "visible").map((e) => e.tagName + "." + e.className),
        })`);
        if (cut.wide > width) fault(`${paper.name}: ${cut.wide} pixels wide, the page has ${width}: ${cut.widest}`);
        if (cut.rows > 0) fault(`${paper.name}: ${cut.rows} rows may be cut by the end of a page`);
        if (cut.tall > 0) fault(`${paper.name}: ${cut.tall} rows or charts are longer than a page`);
        for (const element of new Set(cut.clipped)) fault(`${paper.name}: ${element} is cut at its right`);
        const { data } = await page.send("Page.printToPDF", {
            paperWidth: paper.width,
            paperHeight: paper.height,
            printBackground: false,
            preferCSSPageSize: false,
        });
        const pdf = Buffer.from(data, "base64");
        if (pdf.subarray(0, 5).toString() !== "%PDF-") fault(`${paper.name}: no PDF`);
        if (pictures) writeFileSync(join(pictures, `${basename(path, ".html")}-${paper.name}.pdf`), pdf);
    }
}
