import { installFastest } from "@copse/crypto/fastest";
import { isCopseError } from "@copse/primitives";
import { afterEach, describe, expect, it } from "vitest";
import { createClaimWorker } from "../src/claim-task.ts";
import { type F3Error, type FinalityCertificate, verifyCertificates } from "../src/index.ts";
import {
  type ClaimAnswer,
  type ClaimTask,
  createF3Pool,
  type F3Pool,
  type F3PoolOptions,
  type StartThread,
  type ThreadEvents,
} from "../src/pool.ts";
import { localChain, withWrongSignature } from "./local-chain.ts";

await installFastest();
const { start, certificates, networkName } = localChain(20);
const rules = { networkName };
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const direct = (given: readonly FinalityCertificate[]) => verifyCertificates(start, given, { networkName, random });

const pools: F3Pool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});
function pooled(options: F3PoolOptions): F3Pool {
  const pool = createF3Pool(options);
  pools.push(pool);
  return pool;
}

describe("a pool of real workers", () => {
  it("answers as verification on this thread does", { timeout: 60_000 }, async () => {
    const pool = pooled({ workers: 2 });
    const wrongAt = (at: number) => certificates.map((one, i) => (i === at ? withWrongSignature(one) : one));
    const gap = certificates.filter((_, i) => i !== 11);
    for (const given of [certificates, wrongAt(0), wrongAt(13), gap, [], certificates.slice(0, 1)]) {
      const [ours, expected] = [await pool.verify(start, given, rules), direct(given)];
      expect(ours.accepted).toBe(expected.accepted);
      expect(ours.position.nextInstance).toBe(expected.position.nextInstance);
      expect(ours.position.powerTable.cid).toEqual(expected.position.powerTable.cid);
      expect(ours.error?.code).toBe(expected.error?.code);
      expect(ours.error?.facts).toEqual(expected.error?.facts);
    }
    expect(direct(wrongAt(13)).error).toMatchObject({ code: "f3/signature-wrong", facts: { instance: 13 } });
  });

  it("serves several callers at once", { timeout: 60_000 }, async () => {
    const pool = pooled({ workers: 1 });
    const results = await Promise.all([1, 2, 3].map(() => pool.verify(start, certificates, rules)));
    expect(results.map(({ accepted }) => accepted)).toEqual([20, 20, 20]);
  });
});

/** Threads of this test: they keep tasks until told what to do with them. */
function fakeThreads(): { start: StartThread<ClaimTask, ClaimAnswer>; threads: Fake[] } {
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
  readonly events: ThreadEvents<ClaimAnswer>;
  readonly tasks: ClaimTask[];
  held: boolean;
  stopped: boolean;
}
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error: F3Error) => (isCopseError(error) ? error.code : String(error)),
  );
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a pool", () => {
  it("keeps nothing of what is done", async () => {
    let listening = 0;
    const { addEventListener, removeEventListener } = AbortSignal.prototype;
    const counted = (by: number, call: typeof addEventListener): typeof addEventListener =>
      function (this: AbortSignal, ...args: Parameters<typeof addEventListener>) {
        listening += by;
        return call.apply(this, args);
      } as typeof addEventListener;
    AbortSignal.prototype.addEventListener = counted(1, addEventListener);
    AbortSignal.prototype.removeEventListener = counted(-1, removeEventListener);
    try {
      const fakes = fakeThreads();
      const pool = pooled({ workers: 1, start: fakes.start });
      const result = pool.verify(start, certificates, { ...rules, signal: new AbortController().signal });
      const [thread] = fakes.threads as [Fake];
      const work = createClaimWorker();
      thread.events.answered({ kind: "ready" });
      for (let done = 0; done < 3; done++) {
        await turn();
        expect(listening).toBeLessThan(4); // one for the call, one for each batch that is under way
        thread.events.answered(work(thread.tasks[done] as ClaimTask));
      }
      expect((await result).accepted).toBe(20);
      await turn();
      expect(listening).toBe(0);
    } finally {
      AbortSignal.prototype.addEventListener = addEventListener;
      AbortSignal.prototype.removeEventListener = removeEventListener;
    }
  });

  it("ends with its signal, and when it is closed", async () => {
    const abort = new AbortController();
    const fakes = fakeThreads();
    const pool = pooled({ workers: 2, start: fakes.start, signal: abort.signal });
    const waiting = codeOf(pool.verify(start, certificates, rules));
    abort.abort();
    expect(await waiting).toBe("host/aborted");
    expect(await codeOf(pool.verify(start, certificates, rules))).toBe("host/aborted");
    expect(fakes.threads.map(({ stopped }) => stopped)).toEqual([true, true]);

    const second = pooled({ workers: 1, start: fakeThreads().start });
    const work = codeOf(second.verify(start, certificates, rules));
    await second.close();
    expect(await work).toBe("f3/pool-closed");
    expect(await codeOf(second.verify(start, certificates, rules))).toBe("f3/pool-closed");
    expect(await codeOf(pooled({ signal: AbortSignal.abort() }).verify(start, [], rules))).toBe("host/aborted");
  });

  it("stops one call by its own signal, and goes on for others", async () => {
    const fakes = fakeThreads();
    const pool = pooled({ workers: 1, start: fakes.start });
    const [thread] = fakes.threads as [Fake];
    const abort = new AbortController();
    const stopped = codeOf(pool.verify(start, certificates, { ...rules, signal: abort.signal }));
    const other = pool.verify(start, certificates.slice(0, 3), rules);
    abort.abort();
    expect(await stopped).toBe("host/aborted");
    await turn();
    const work = createClaimWorker();
    thread.events.answered({ kind: "ready" });
    expect(thread.held).toBe(true);
    expect(thread.tasks).toHaveLength(1); // of the stopped call nothing is left
    thread.events.answered(work(thread.tasks[0] as ClaimTask));
    expect((await other).accepted).toBe(3);
    expect(thread.held).toBe(false);
  });

  it("does not take a dead worker's silence for an answer, and starts another", async () => {
    const fakes = fakeThreads();
    const pool = pooled({ workers: 1, start: fakes.start });
    const first = codeOf(pool.verify(start, certificates.slice(0, 1), rules));
    const [dying] = fakes.threads as [Fake];
    dying.events.answered({ kind: "ready" });
    dying.events.died("out of memory");
    expect(await first).toBe("host/worker-failed");
    expect(fakes.threads).toHaveLength(2);
    for (const at of [1, 2, 3]) fakes.threads[at]?.events.died("no script");
    expect(await codeOf(pool.verify(start, certificates, rules))).toBe("host/worker-failed");
  });

  it("tells what went wrong in a worker", async () => {
    const fakes = fakeThreads();
    const pool = pooled({ workers: 1, start: fakes.start });
    const result = codeOf(pool.verify(start, certificates.slice(0, 1), rules));
    const [thread] = fakes.threads as [Fake];
    thread.events.answered({ kind: "ready" });
    thread.events.answered({ kind: "failed", id: 0, reason: "engine" });
    expect(await result).toBe("host/worker-failed");
  });
});
