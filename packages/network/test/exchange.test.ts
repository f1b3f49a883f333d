import { cidOf } from "@copse/ipld";
import { compareBytes } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { expandMessages } from "../src/index.ts";
import { fakeChain } from "./fake-chain.ts";
import { pair } from "./nodes.ts";

const chain = fakeChain(30);

describe("chain exchange between two nodes", () => {
  it("gives headers newest first, byte for byte", async () => {
    const [a, b] = await pair({}, { source: chain });
    const answer = await a.client.request(b.peer, { head: chain.head, count: 10 });
    expect(answer.partial).toBe(false);
    expect(answer.tipsets).toHaveLength(10);
    for (const [i, tipset] of answer.tipsets.entries()) {
      const key = chain.keys[29 - i] as Uint8Array;
      expect(tipset.messages).toBeNull();
      expect(compareBytes(key, Uint8Array.from(tipset.headers.flatMap((header) => [...cidOf(header)])))).toBe(0);
    }
  });

  it("stops after genesis, as Partial", async () => {
    const [a, b] = await pair({}, { source: chain });
    const answer = await a.client.request(b.peer, { head: chain.head, count: 900 });
    expect(answer).toMatchObject({ partial: true });
    expect(answer.tipsets).toHaveLength(30);
  });

  it("gives messages compacted, and expands them per block", async () => {
    const [a, b] = await pair({}, { source: chain });
    const { tipsets } = await a.client.request(b.peer, { head: chain.head, count: 3, headers: false, messages: true });
    expect(tipsets[0]?.headers).toEqual([]);
    const compacted = tipsets[0]?.messages;
    if (!compacted) throw new Error("no messages");
    expect(compacted.bls).toHaveLength(3); // one shared by both blocks
    expect(compacted.blsIncludes).toEqual([
      [0, 1],
      [0, 2],
    ]);
    const blocks = expandMessages(compacted);
    for (const [i, header] of (await chain.tipset(chain.head))?.headers.entries() ?? []) {
      const listed = await chain.messages?.(header, cidOf(header));
      expect(blocks[i]?.bls).toEqual(listed?.bls.map(({ bytes }) => bytes));
      expect(blocks[i]?.secp).toEqual(listed?.secp.map(({ bytes }) => bytes));
    }
  });

  it("answers NotFound for a head it does not hold", async () => {
    const [a, b] = await pair({}, { source: chain });
    const asking = a.client.request(b.peer, { head: TipsetKey.fromBytes(cidOf(Uint8Array.of(0x80))), count: 1 });
    await expect(asking).rejects.toMatchObject({ code: "network/refused", fault: "refused", facts: { status: 201 } });
  });

  it("ends early at the byte limit, with one tipset at least", async () => {
    const [a, b] = await pair({}, { source: chain, server: { maxBytes: 5_000 } });
    const answer = await a.client.request(b.peer, { head: chain.head, count: 20 });
    expect(answer.partial).toBe(true);
    expect(answer.tipsets.length).toBeGreaterThan(1);
    expect(answer.tipsets.length).toBeLessThan(6);
  });

  it("tells a peer with too many requests to go away", async () => {
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = { tipset: async (key: TipsetKey) => gate.then(() => chain.tipset(key)) };
    const [a, b] = await pair({}, { source: slow, server: { maxPerPeer: 2 } });
    const running = [1, 2].map(() => a.client.request(b.peer, { head: chain.head, count: 1 }));
    const asking = a.client.request(b.peer, { head: chain.head, count: 1 });
    await expect(asking).rejects.toMatchObject({ code: "network/refused", facts: { status: 202 } });
    release?.();
    await expect(Promise.all(running)).resolves.toHaveLength(2);
  });

  it("answers InternalError when the store fails, and BadRequest to nonsense", async () => {
    const broken = {
      tipset: () => {
        throw new Error("disk");
      },
    };
    const [a, b] = await pair({}, { source: broken });
    const asking = a.client.request(b.peer, { head: chain.head, count: 1 });
    await expect(asking).rejects.toMatchObject({ facts: { status: 203 } });
    await expect(a.client.request(b.peer, { head: chain.head, count: 901 })).rejects.toMatchObject({
      code: "network/ask-out-of-range",
    });
  });

  it("stops when told to", async () => {
    const [a, b] = await pair({}, { source: { tipset: () => new Promise(() => {}) } });
    const controller = new AbortController();
    const asking = a.client.request(b.peer, { head: chain.head, count: 1 }, { signal: controller.signal });
    controller.abort();
    await expect(asking).rejects.toMatchObject({ code: "host/aborted" });
  });
});
