// A headless Chromium over the DevTools protocol, through a pipe: no package is needed to speak it.
//
// Owns the process and the messages. Owns no checks.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe",
];

/** Starts a browser. `page()` gives a tab with `send(method, params)` and `on(event, listener)`; `close()` ends everything. */
export async function launch() {
    const profile = mkdtempSync(join(tmpdir(), "footlight-browser-"));
    const child = spawn("chromium", [...FLAGS, `--user-data-dir=${profile}`], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    const [, , , input, output] = child.stdio;
    const waiting = new Map();
    const listeners = [];
    let number = 0;
    let pending = "";
    output.setEncoding("utf8");
    output.on("data", (chunk) => {
        pending += chunk;
        const messages = pending.split("\0");
        pending = messages.pop();
        for (const text of messages) {
            const message = JSON.parse(text);
            const waiter = waiting.get(message.id);
            if (waiter) {
                waiting.delete(message.id);
                if (message.error) waiter.reject(new Error(`${waiter.method}: ${message.error.message}`));
                else waiter.resolve(message.result);
            } else {
                for (const { sessionId, event, listener } of listeners) {
                    if (message.method === event && message.sessionId === sessionId) listener(message.params);
                }
            }
        }
    });
    child.on("exit", () => {
        for (const { reject, method } of waiting.values()) reject(new Error(`chromium ended during ${method}`));
    });
    const send = (method, params = {}, sessionId = undefined) =>
        new Promise((resolve, reject) => {
            number += 1;
            waiting.set(number, { resolve, reject, method });
            input.write(`${JSON.stringify({ id: number, method, params, sessionId })}\0`);
        });
    return {
        async page() {
            const { targetId } = await send("Target.createTarget", { url: "about:blank" });
            const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
            return {
                send: (method, params) => send(method, params, sessionId),
                on: (event, listener) => listeners.push({ sessionId, event, listener }),
            };
        },
        async close() {
            const ended = new Promise((resolve) => child.on("exit", resolve));
            await send("Browser.close").catch(() => child.kill());
            await ended;
            rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
        },
    };
}
