import { CborWriter } from "@copse/ipld";
import { concatBytes, utf8 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { Stream } from "@libp2p/interface";
import { describe, expect, it } from "vitest";
import { systemClock } from "../src/clock.ts";
import type { ExchangeAsk } from "../src/exchange-client.ts";
import { decodeExchangeResponse, encodeExchangeRequest } from "../src/exchange-codec.ts";
import type { StreamHandler } from "../src/host-options.ts";
import { exchangeProtocol } from "../src/protocols.ts";
import { readToEnd } from "../src/stream-reading.ts";
import { fakeChain, fakeHeader, fakeMessage } from "./fake-chain.ts";
import { pair, until } from "./nodes.ts";

const chain = fakeChain(5);
const header = fakeHeader(1, 1, [chain.genesis]);
const answering =
  (...pieces: readonly Uint8Array[]): StreamHandler =>
  async (stream) => {
    stream.send(concatBytes(...pieces));
    await stream.close();
  };
const answer = (status: number, tipsets: readonly Uint8Array[], text = ""): Uint8Array =>
  concatBytes(new CborWriter().array(3).uint(status).text(text).array(tipsets.length).finish(), ...tipsets);
const tipset = (headers: readonly Uint8Array[], messages: Uint8Array = Uint8Array.of(0xf6)): Uint8Array =>
  concatBytes(new CborWriter().array(2).array(headers.length).finish(), ...headers, messages);
const compacted = (includes: readonly number[][], count = 1): Uint8Array => {
  const lists = new CborWriter().array(includes.length);
  for (const list of includes) {
    lists.array(list.length);
    for (const index of list) lists.uint(index);
  }
  const messages = concatBytes(
    new CborWriter().array(count).finish(),
    ...Array.from({ length: count }, (_, i) => fakeMessage(i)),
  );
  return concatBytes(
    Uint8Array.of(0x84),
    messages,
    lists.finish(),
    Uint8Array.of(0x80),
    new CborWriter().array(1).array(0).finish(),
  );
};

const headersOnly: ExchangeAsk = { head: chain.head, count: 2 };
const both: ExchangeAsk = { ...headersOnly, messages: true };
const tiny = concatBytes(new CborWriter().array(1000).finish(), new Uint8Array(1000));

type Case = readonly [name: string, exchange: StreamHandler, code: string, fault: string, ask: ExchangeAsk];
const cases: readonly Case[] = [
  ["bytes that are no CBOR", answering(Uint8Array.of(0xff, 0, 1)), "network/message-malformed", "garbage", headersOnly],
  ["nothing at all", answering(), "network/message-cut", "garbage", headersOnly],
  [
    "half an answer",
    answering(answer(0, [tipset([header])]).subarray(0, 500)),
    "network/message-malformed",
    "garbage",
    headersOnly,
  ],
  [
    "bytes after the answer",
    answering(answer(0, [tipset([header])]), Uint8Array.of(0)),
    "network/message-malformed",
    "garbage",
    headersOnly,
  ],
  [
    "a header that is no array",
    answering(answer(0, [tipset([new CborWriter().bytes(header).finish()])])),
    "network/message-malformed",
    "garbage",
    headersOnly,
  ],
  [
    "a header of nothing",
    answering(answer(0, [tipset([Uint8Array.of(0x80)])])),
    "network/message-malformed",
    "garbage",
    headersOnly,
  ],
  ["a tipset without headers", answering(answer(0, [tipset([])])), "network/message-malformed", "garbage", headersOnly],
  [
    "a count that no answer can hold",
    answering(Uint8Array.of(0x83, 0, 0x60, 0x9a, 0xff, 0xff, 0xff, 0xff)),
    "network/message-malformed",
    "garbage",
    headersOnly,
  ],
  [
    "more tipsets than asked",
    answering(
      answer(
        0,
        [1, 2, 3].map(() => tipset([header])),
      ),
    ),
    "network/more-than-asked",
    "lie",
    headersOnly,
  ],
  [
    "OK with fewer than asked",
    answering(answer(0, [tipset([header])])),
    "network/less-than-claimed",
    "lie",
    headersOnly,
  ],
  ["OK with no tipset", answering(answer(0, [])), "network/less-than-claimed", "lie", headersOnly],
  ["Partial with no tipset", answering(answer(101, [])), "network/less-than-claimed", "lie", headersOnly],
  ["a refusal", answering(answer(203, [], "no such head")), "network/refused", "refused", headersOnly],
  ["a status nobody knows", answering(answer(999, [])), "network/refused", "refused", headersOnly],
  [
    "no messages where they were asked for",
    answering(answer(0, [tipset([header])])),
    "network/message-malformed",
    "garbage",
    both,
  ],
  [
    "an index past the messages",
    answering(answer(0, [tipset([header], compacted([[1]]))])),
    "network/includes-malformed",
    "garbage",
    both,
  ],
  [
    "more include lists than blocks",
    answering(answer(0, [tipset([header], compacted([[0], [0]]))])),
    "network/includes-malformed",
    "garbage",
    both,
  ],
  [
    "messages of one byte",
    answering(answer(0, [tipset([header], concatBytes(Uint8Array.of(0x84), tiny))])),
    "network/includes-malformed",
    "garbage",
    both,
  ],
  [
    "a reset on the way",
    async (stream) => {
      stream.send(answer(0, [tipset([header])]).subarray(0, 100));
      await new Promise((resolve) => setTimeout(resolve, 20));
      stream.abort(new Error("enough"));
    },
    "network/peer-gone",
    "gone",
    headersOnly,
  ],
  [
    "an answer without end",
    async (stream) => {
      const filler = new Uint8Array(1 << 18);
      while (stream.status === "open") {
        if (!stream.send(filler)) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    "network/message-too-long",
    "garbage",
    headersOnly,
  ],
  ["silence", async () => {}, "network/answer-late", "stall", headersOnly],
  [
    "a trickle",
    async (stream) => {
      while (stream.status === "open") {
        stream.send(Uint8Array.of(0x83));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    "network/answer-slow",
    "stall",
    headersOnly,
  ],
  [
    "a stop half-way",
    async (stream) => {
      stream.send(answer(0, [tipset([header])]).subarray(0, 600));
    },
    "network/answer-slow",
    "stall",
    headersOnly,
  ],
];

describe("a hostile server of chain exchange", () => {
  it.each(cases)("%s", async (_, exchange, code, fault, ask) => {
    const limits = { firstByteMs: 200, totalMs: 2_000, floorWindowMs: 100, maxBytes: 1 << 20 };
    const [a, b] = await pair({ client: limits }, { exchange });
    await expect(a.client.request(b.peer, ask)).rejects.toMatchObject({ code, fault });
    // whatever it did, nothing stays open
    await until(() =>
      a.host.libp2p.getConnections().every(({ streams }) => streams.every((s) => s.protocol !== exchangeProtocol)),
    );
  });

  it("bounds what runs at once", async () => {
    const [a, b] = await pair({ client: { maxRequests: 1 } }, { exchange: async () => {} });
    const controller = new AbortController();
    const first = a.client.request(b.peer, headersOnly, { signal: controller.signal });
    await expect(a.client.request(b.peer, headersOnly)).rejects.toMatchObject({
      code: "network/too-many-requests",
      fault: undefined,
    });
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: "host/aborted" });
  });

  it("names a peer that dies", async () => {
    const [a, b] = await pair({}, { exchange: async () => {} });
    const asking = a.client.request(b.peer, headersOnly);
    await until(() =>
      a.host.libp2p.getConnections().some(({ streams }) => streams.some((s) => s.protocol === exchangeProtocol)),
    );
    const told = expect(asking).rejects.toMatchObject({ code: "network/peer-gone", fault: "gone" });
    await b.host.stop();
    await told;
  });
});

describe("a client that writes all at once, before the protocol is agreed on, as go-libp2p does", () => {
  it("is answered like any other", async () => {
    const [a, b] = await pair({}, { source: chain });
    const line = (text: string): Uint8Array => concatBytes(Uint8Array.of(text.length + 1), utf8(`${text}\n`));
    const head = line("/multistream/1.0.0");
    const request = encodeExchangeRequest({ head: chain.head, length: 2, options: 1 });
    for (let round = 0; round < 5; round++) {
      const { muxer } = a.host.libp2p.getConnections()[0] as unknown as {
        muxer: { createStream(options: object): Promise<Stream> };
      };
      const stream = await muxer.createStream({});
      const reading = readToEnd(stream, {
        limits: { maxBytes: 1 << 20, firstByteMs: 5_000, totalMs: 5_000 },
        clock: systemClock,
        protocol: exchangeProtocol,
        peer: b.peer,
      });
      stream.send(concatBytes(head, line(exchangeProtocol), request));
      await stream.close();
      const said = await reading;
      const prefix = concatBytes(head, line(exchangeProtocol));
      expect(said.slice(0, prefix.length)).toEqual(prefix);
      expect(decodeExchangeResponse(said.slice(prefix.length), 2, 1).tipsets).toHaveLength(2);
    }
  });
});

describe("a hostile client of chain exchange", () => {
  it.each([
    ["garbage", Uint8Array.of(0xff, 1, 2)],
    ["a length of 0", new CborWriter().array(3).array(1).link(chain.genesis).uint(0).uint(1).finish()],
    ["a length of 901", new CborWriter().array(3).array(1).link(chain.genesis).uint(901).uint(1).finish()],
    ["no options", new CborWriter().array(3).array(1).link(chain.genesis).uint(1).uint(0).finish()],
    ["no head", new CborWriter().array(3).array(0).uint(1).uint(1).finish()],
  ])("is answered BadRequest to %s", async (_, request) => {
    const [a, b] = await pair({}, { source: chain });
    const stream = await a.host.open(b.peer, [exchangeProtocol]);
    const answered = new Promise<Uint8Array>((resolve) => {
      stream.addEventListener("message", (event) => resolve(event.data.subarray()));
    });
    stream.send(request);
    await stream.close();
    expect([...(await answered).subarray(0, 3)]).toEqual([0x83, 0x18, 204]);
  });

  it("is reset when its request is too long, or does not end", async () => {
    const [a, b] = await pair({}, { source: chain, server: { readMs: 100 } });
    for (const bytes of [new Uint8Array(5_000), Uint8Array.of(0x83)]) {
      const stream = await a.host.open(b.peer, [exchangeProtocol]);
      stream.send(bytes);
      await until(() => stream.status !== "open");
      expect(stream.status).toBe("reset");
    }
  });

  it("does not hold the server for longer than the write deadline when it reads nothing", async () => {
    const long = fakeChain(150, 8); // 1 MB: more than the window of a stream
    const [a, b] = await pair({}, { source: long, server: { writeMs: 200, maxPerPeer: 1 } });
    const stream = await a.host.open(b.peer, [exchangeProtocol]);
    stream.pause();
    const writer = new CborWriter().array(3).array(8);
    for (const cid of TipsetKey.cidBytes(long.head)) writer.link(cid);
    stream.send(writer.uint(900).uint(1).finish());
    await stream.close();
    const busy = a.client.request(b.peer, { head: long.head, count: 1 });
    await expect(busy).rejects.toMatchObject({ code: "network/refused", facts: { status: 202 } });
    await until(() => stream.status === "reset");
    await expect(a.client.request(b.peer, { head: long.head, count: 1 })).resolves.toMatchObject({ partial: false });
  });
});
