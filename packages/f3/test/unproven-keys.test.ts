import { currentEngine } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { expect, it, vi } from "vitest";
import { type ClaimTask, createClaimWorker } from "../src/claim-task.ts";
import { verifyCertificates } from "../src/index.ts";
import { createF3Pool } from "../src/pool.ts";
import { forgedTables, localChain, networkName } from "./local-chain.ts";

await installFastest();
const chain = localChain(1);
const forged = forgedTables(chain, 9, 200);
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const unproven = { accepted: 0, error: { code: "f3/signature-wrong", facts: { instance: 0 } } };

it("keys that an unproven certificate brings are not decoded", () => {
  const decode = vi.spyOn(currentEngine().bls.g1, "decode");
  try {
    expect(verifyCertificates(chain.start, forged, { networkName, random })).toMatchObject(unproven);
    expect(decode.mock.calls.length).toBeGreaterThan(0);
    expect(decode.mock.calls.length).toBeLessThanOrEqual(chain.start.powerTable.entries.length);
  } finally {
    decode.mockRestore();
  }
});

it("keys that an unproven certificate brings are not sent to workers", async () => {
  const tasks: ClaimTask[] = [];
  const answer = createClaimWorker();
  await using pool = createF3Pool({
    workers: 2,
    start(events) {
      queueMicrotask(() => events.answered({ kind: "ready" }));
      return {
        send(task) {
          tasks.push(task);
          setImmediate(() => events.answered(answer(task)));
        },
        hold() {},
        stop: async () => {},
      };
    },
  });
  expect(await pool.verify(chain.start, forged, { networkName })).toMatchObject(unproven);
  expect(tasks.map(({ claims }) => claims.length)).toEqual([1]);
});

it("few keys a certificate are, up to a number in all", async () => {
  const few = forgedTables(chain, 9, 20);
  const decode = vi.spyOn(currentEngine().bls.g1, "decode");
  try {
    expect(verifyCertificates(chain.start, few, { networkName, random })).toMatchObject(unproven);
    expect(decode.mock.calls.length).toBe(distinctKeys(chain.start.powerTable.entries) + 60);
  } finally {
    decode.mockRestore();
  }
});

function distinctKeys(entries: readonly { readonly publicKey: Uint8Array }[]): number {
  return new Set(entries.map(({ publicKey }) => String(publicKey))).size;
}
