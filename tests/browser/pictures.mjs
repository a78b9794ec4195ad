// The pictures of docs/: a report as it looks on a desktop, at night and on a phone. The printed page is one of the PDFs that
// check.mjs --pictures leaves, through `pdftoppm -r 90 -png`.
//
//   node tests/browser/pictures.mjs REPORT.html docs

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";

const [report, directory] = process.argv.slice(2);
const VIEWS = [
    { name: "desktop", width: 1280, height: 900, scale: 1, scheme: "light" },
    { name: "dark", width: 1280, height: 900, scale: 1, scheme: "dark", section: "money" },
    { name: "phone", width: 390, height: 844, scale: 1.5, scheme: "light", phone: true },
];

const browser = await launch();
for (const view of VIEWS) {
    const page = await browser.page();
    await page.send("Page.enable");
    await page.send("Emulation.setDeviceMetricsOverride", {
        width: view.width,
        height: view.height,
        deviceScaleFactor: view.scale,
        mobile: Boolean(view.phone),
    });
    await page.send("Emulation.setEmulatedMedia", {
        media: "screen",
        features: [
            { name: "prefers-color-scheme", value: view.scheme },
            { name: "prefers-reduced-motion", value: "reduce" },
        ],
    });
    const loaded = new Promise((done) => page.on("Page.loadEventFired", done));
    await page.send("Page.navigate", { url: pathToFileURL(resolve(report)).href });
    await loaded;
    if (view.section) {
        const top = `document.getElementById("${view.section}").getBoundingClientRect().top - 24`;
        await page.send("Runtime.evaluate", { expression: `scrollTo(0, ${top})` });
    }
    const { data } = await page.send("Page.captureScreenshot", { format: "png" });
    writeFileSync(join(directory, `report-${view.name}.png`), Buffer.from(data, "base64"));
}
await browser.close();
