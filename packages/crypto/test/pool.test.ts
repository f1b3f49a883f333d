import { isCopseError } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { decodeChecks } from "../src/check-wire.ts";
import { checkSignature, type SignatureCheck } from "../src/index.ts";
import {
  type Answer,
  createSignaturePool,
  type StartThread,
  type Task,
  type ThreadEvents,
  webThread,
} from "../src/pool.ts";
import { answer } from "../src/worker-task.ts";
import { damaged, goodChecks } from "./sample-checks.ts";

const random = seeded(3);
const good = goodChecks(random);
const mixed = good.flatMap((check) => [check, damaged(check, random)]);
const pools: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});
function pooled(options: Parameters<typeof createSignaturePool>[0]): ReturnType<typeof createSignaturePool> {
  const pool = createSignaturePool(options);
  pools.push(pool);
  return pool;
}

describe("a pool of real workers", () => {
  it("answers as checks on this thread do", async () => {
    const pool = pooled({ workers: 2 });
    const expected = mixed.map(checkSignature);
    expect(expected).toContain(false);
    const answers = await Promise.all([pool.check(mixed), pool.check(good), pool.check([]), pool.check(mixed)]);
    expect(answers).toEqual([expected, good.map(() => true), [], expected]);
  });

  it("leaves the caller's bytes where they are", async () => {
    const pool = pooled({ workers: 1 });
    const before = good.map((check) => check.signature.slice());
    await pool.check(good);
    expect(good.map((check) => check.signature)).toEqual(before);
  });
});

/** Threads of this test: they keep tasks until told what to do with them. */
function fakeThreads(): { start: StartThread<Task, Answer>; threads: Fake[] } {
  const threads: Fake[] = [];
  return {
    threads,
    start(events) {
      const fake: Fake = { events, tasks: [], held: false, stopped: false };
      threads.push(fake);
      return {
        send: (task) => void fake.tasks.push(task),
        hold: (working) => {
          fake.held = working;
        },
        stop: async () => {
          fake.stopped = true;
        },
      };
    },
  };
}
interface Fake {
  readonly events: ThreadEvents<Answer>;
  readonly tasks: Task[];
  held: boolean;
  stopped: boolean;
}
const ready: Answer = { kind: "ready" };
const many = (count: number): SignatureCheck[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: "secp256k1",
    digest: Uint8Array.of(i),
    signature: new Uint8Array(0),
  }));
const code = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => "none",
    (error: unknown) => (isCopseError(error) ? error.code : String(error)),
  );
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a pool", () => {
  it("shares a call among its workers, in batches, and puts the answers in order", async () => {
    const { start, threads } = fakeThreads();
    const pool = pooled({ workers: 2, start });
    const result = pool.check(many(10_000)); // secp256k1: each costs a twentieth of a BLS check
    const doing = (): number => {
      let did = 0;
      for (const { events, tasks } of threads) {
        for (const task of tasks.splice(0)) {
          did++;
          const reply = answer(task);
          events.answered({ ...reply, good: (reply as { good: Uint8Array<ArrayBuffer> }).good.fill(1) } as Answer);
        }
      }
      return did;
    };
    for (const { events } of threads) events.answered(ready);
    expect(threads.map((thread) => thread.tasks.length)).toEqual([1, 1]);
    let batches = 0;
    for (let did = doing(); did > 0; did = doing()) batches += did;
    expect((await result).every((each) => each)).toBe(true);
    expect(batches).toBeGreaterThanOrEqual(4);
  });

  it("gives each worker its share of the work, not of the number of checks", async () => {
    const { start, threads } = fakeThreads();
    const pool = pooled({ workers: 2, start });
    const messages = Array.from({ length: 100 }, (_, i) => Uint8Array.of(i));
    const publicKeys = messages.map(() => new Uint8Array(48));
    const long: SignatureCheck = { kind: "bls-aggregate", publicKeys, messages, signature: new Uint8Array(96) };
    const result = pool.check([long, long, ...many(40)]);
    for (const { events } of threads) events.answered(ready);
    for (const { events, tasks } of threads) for (const task of tasks) events.answered(answer(task));
    for (const { events, tasks } of threads) for (const task of tasks.slice(1)) events.answered(answer(task));
    expect((await result).length).toBe(42);
    expect(threads.map(({ tasks }) => decodeChecks(tasks[0]?.checks as Uint8Array).slice(0, 1))).toMatchObject([
      [{ kind: "bls-aggregate" }],
      [{ kind: "bls-aggregate" }],
    ]);
  });

  it("fails the checks of a worker that dies, and only those, and replaces it", async () => {
    const { start, threads } = fakeThreads();
    const pool = pooled({ workers: 1, start });
    threads[0]?.events.answered(ready);
    const lost = code(pool.check(many(3)));
    const waits = pool.check(many(2));
    threads[0]?.events.died("out of memory");
    expect(await lost).toBe("host/worker-failed");
    expect(threads.length).toBe(2);
    threads[1]?.events.answered(ready);
    threads[1]?.events.answered(answer(threads[1]?.tasks[0] as Task));
    expect(await waits).toEqual([false, false]);
  });

  it("gives up where no worker ever starts", async () => {
    const { start, threads } = fakeThreads();
    const pool = pooled({ workers: 1, start });
    const waits = code(pool.check(many(1)));
    for (let i = 0; i < 3; i++) threads[i]?.events.died("no such file");
    expect(await waits).toBe("host/worker-failed");
    expect(await code(pool.check(many(1)))).toBe("host/worker-failed");
    expect(threads.length).toBe(3);
  });

  it("fails a batch its worker could not do, and goes on", async () => {
    const { start, threads } = fakeThreads();
    const pool = pooled({ workers: 1, start });
    threads[0]?.events.answered(ready);
    const first = code(pool.check(many(1)));
    threads[0]?.events.answered({ kind: "failed", id: 0, reason: "engine" });
    expect(await first).toBe("host/worker-failed");
    const second = pool.check(many(1));
    threads[0]?.events.answered(answer(threads[0]?.tasks[1] as Task));
    expect(await second).toEqual([false]);
  });

  it("refuses more than its limit, and no longer once that is done", async () => {
    const { start, threads } = fakeThreads();
    const pool = pooled({ workers: 1, start, limit: 10 });
    const first = pool.check(many(8));
    expect(await code(pool.check(many(3)))).toBe("crypto/pool-full");
    threads[0]?.events.answered(ready);
    threads[0]?.events.answered(answer(threads[0]?.tasks[0] as Task));
    await first;
    const large = pool.check(many(12)); // one call may be larger than the limit: nothing else waits
    threads[0]?.events.answered(answer(threads[0]?.tasks[1] as Task));
    expect((await large).length).toBe(12);
  });

  it("forgets a call that is aborted", async () => {
    const { start, threads } = fakeThreads();
    const pool = pooled({ workers: 1, start });
    const ends = new AbortController();
    const call = code(pool.check(many(5), { signal: ends.signal }));
    expect(threads[0]?.held).toBe(true);
    ends.abort(new Error("enough"));
    expect(await call).toBe("host/aborted");
    expect(await code(pool.check(many(5), { signal: ends.signal }))).toBe("host/aborted");
    threads[0]?.events.answered(ready);
    expect(threads[0]?.tasks.length).toBe(0);
    await turn();
    expect(threads[0]?.held).toBe(false);
  });

  it("ends with its signal or by close, and refuses what waits", async () => {
    const { start, threads } = fakeThreads();
    const ends = new AbortController();
    const pool = pooled({ workers: 2, start, signal: ends.signal });
    threads[0]?.events.answered(ready);
    const [running, waiting] = [code(pool.check(many(3))), code(pool.check(many(3)))];
    ends.abort();
    expect([await running, await waiting]).toEqual(["host/aborted", "host/aborted"]);
    expect(threads.every((thread) => thread.stopped)).toBe(true);
    const other = pooled({ workers: 1, start });
    const call = code(other.check(many(1)));
    await other.close();
    expect(await call).toBe("crypto/pool-closed");
    expect(await code(other.check(many(1)))).toBe("crypto/pool-closed");
    expect(await code(pooled({ workers: 1, start, signal: ends.signal }).check(many(1)))).toBe("host/aborted");
  });

  it("runs over web workers, and hears of their death", async () => {
    const made: FakeWebWorker[] = [];
    const start = webThread<Task, Answer>(() => {
      const worker = new FakeWebWorker();
      made.push(worker);
      return worker;
    });
    const pool = pooled({ workers: 1, start });
    expect(await pool.check(good)).toEqual(good.map(() => true));
    made[0]?.tell("error", { message: "gone" });
    expect(await pool.check(good.slice(0, 2))).toEqual([true, true]);
    expect(made.length).toBe(2);
  });
});

/** A browser's worker of this test: it answers from this thread. */
class FakeWebWorker {
  readonly #events = new EventTarget();
  constructor() {
    setImmediate(() => this.tell("message", { data: ready }));
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#events.addEventListener(type, listener as (event: Event) => void);
  }
  postMessage(task: Task): void {
    setImmediate(() => this.tell("message", { data: answer(task) }));
  }
  terminate(): void {}
  tell(type: string, facts: object): void {
    this.#events.dispatchEvent(Object.assign(new Event(type), facts));
  }
}
