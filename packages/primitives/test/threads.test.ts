import { once } from "node:events";
import { expect, expectTypeOf, it } from "vitest";
import type { StartThread } from "../src/thread.ts";
import { availableCores as coresOfBrowser } from "../src/threads.browser.ts";
import { availableCores, workerThread } from "../src/threads.node.ts";
import { type WebWorker, webThread } from "../src/web-thread.ts";

/** What a thread told, in order; and a wait for the next of it. */
function listener<Answer>() {
  const told: (Answer | { readonly died: string })[] = [];
  const heard = new EventTarget();
  const tell = (what: Answer | { readonly died: string }): void => {
    told.push(what);
    heard.dispatchEvent(new Event("told"));
  };
  const events = { answered: tell, died: (reason: string) => tell({ died: reason }) };
  const untilTold = async (count: number): Promise<void> => {
    while (told.length < count) await once(heard, "told");
  };
  return { told, events, untilTold };
}

/** A browser's worker, as far as Node.js has one: events, and what was asked of it. */
class FakeWebWorker {
  readonly sent: unknown[] = [];
  terminated = 0;
  readonly #events = new EventTarget();
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#events.addEventListener(type, listener as (event: Event) => void);
  }
  postMessage(message: unknown, transfer: ArrayBuffer[]): void {
    this.sent.push(structuredClone(message, { transfer }));
  }
  terminate(): void {
    this.terminated++;
  }
  tell(type: "message" | "error", facts: object): void {
    this.#events.dispatchEvent(Object.assign(new Event(type), facts));
  }
}

const echo = workerThread<unknown, unknown>(() => new URL("./echo.worker.ts", import.meta.url), "echo");

it("a browser's own worker is taken as it is", () => {
  expectTypeOf<Worker>().toExtend<WebWorker>(); // the Worker of lib.dom
  expectTypeOf(webThread<string, number>)
    .parameter(0)
    .returns.toEqualTypeOf<WebWorker>();
  expectTypeOf(webThread<string, number>).returns.toEqualTypeOf<StartThread<string, number>>();
});

it("a web worker is sent tasks, and buffers are handed over", async () => {
  const worker = new FakeWebWorker();
  const { told, events } = listener<string>();
  const thread = webThread<Uint8Array<ArrayBuffer>, string>(() => worker)(events);
  const [kept, given] = [Uint8Array.of(1), Uint8Array.of(2)];
  thread.send(kept);
  thread.send(given, [given.buffer]);
  expect(worker.sent).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  expect([kept.length, given.length]).toEqual([1, 0]);
  worker.tell("message", { data: "one" });
  await thread.stop();
  worker.tell("message", { data: "two" });
  worker.tell("error", { message: "three" });
  expect([told, worker.terminated]).toEqual([["one"], 1]);
});

it("a web worker's death is told once, and ends it", () => {
  for (const [facts, reason] of [
    [{ message: "no engine" }, "no engine"],
    [{}, "the worker's script failed"], // of a script that is not there browsers tell no more
  ] as const) {
    const worker = new FakeWebWorker();
    const { told, events } = listener<string>();
    webThread<string, string>(() => worker)(events);
    worker.tell("error", facts);
    worker.tell("error", { message: "again" });
    worker.tell("message", { data: "late" });
    expect([told, worker.terminated]).toEqual([[{ died: reason }], 1]);
  }
});

it("a thread of Node.js answers, and is handed buffers", async () => {
  const { told, events, untilTold } = listener<unknown>();
  const thread = echo(events);
  thread.hold(true);
  const [kept, given] = [Uint8Array.of(1), Uint8Array.of(2)];
  thread.send(kept);
  thread.send(given, [given.buffer]);
  expect([kept.length, given.length]).toEqual([1, 0]);
  await untilTold(2);
  expect(told).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  thread.send("never answered");
  await thread.stop();
  expect(told).toHaveLength(2);
});

it("a thread of Node.js that dies tells why, once", async () => {
  const cases = [
    [{ exit: 3 }, "exit code 3"],
    [{ fail: "no engine" }, "no engine"],
  ] as const;
  for (const [task, reason] of cases) {
    const { told, events, untilTold } = listener<unknown>();
    const thread = echo(events);
    thread.hold(true);
    thread.send(task);
    await untilTold(1);
    await thread.stop();
    expect(told).toEqual([{ died: reason }]);
  }
});

it("there is a core at least", () => {
  expect(availableCores()).toBeGreaterThanOrEqual(1);
  expect(coresOfBrowser()).toBeGreaterThanOrEqual(1);
});
