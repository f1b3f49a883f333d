import { CborWriter } from "@copse/ipld";
import { concatBytes, fromHex, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { AskBudget } from "../src/ask-budget.ts";
import { systemClock } from "../src/clock.ts";
import {
  type CertExchangeLimits,
  type CertificateBytes,
  type CertServerLimits,
  createCertExchangeClient,
  serveCertExchange,
} from "../src/f3-exchange.ts";
import {
  certExchangeProtocol,
  decodeCertHeader,
  decodeCertRequest,
  encodeCertHeader,
  encodeCertRequest,
} from "../src/f3-exchange-codec.ts";
import type { StreamHandler } from "../src/host-options.ts";
import { ItemCutter } from "../src/item-cutter.ts";
import { connect, startNode, type TestNode, until } from "./nodes.ts";

const networkName = "testing";
const protocol = certExchangeProtocol(networkName);

/** The outer shape of a certificate: array(6), its instance, an array, a tag, strings. */
const certificate = (instance: number, size = 40): Uint8Array =>
  concatBytes(
    new CborWriter().array(6).uint(instance).finish(),
    fromHex("81841864410cd82a430001715820"),
    new Uint8Array(32),
    new CborWriter().array(2).bytes(new Uint8Array(32)).bytes(new Uint8Array(2)).finish(),
    new CborWriter().bytes(Uint8Array.of(1)).bytes(new Uint8Array(size)).array(0).finish(),
  );
const entries = fromHex("818303420005430a0b0c"); // [[3, bytes, bytes]]

function holding(from: number, count: number, size?: number): CertificateBytes {
  return {
    pending: () => (count === 0 ? 0 : from + count),
    powerTable: (instance) => (instance < from || instance > from + count ? undefined : entries),
    certificate: (instance) => (instance < from || instance >= from + count ? undefined : certificate(instance, size)),
  };
}

async function asking(
  source: CertificateBytes | StreamHandler,
  limits?: Partial<CertExchangeLimits>,
  server?: Partial<CertServerLimits>,
) {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  if (typeof source === "function") await b.host.handle([protocol], source);
  else await serveCertExchange({ host: b.host, networkName, source }, server);
  await connect(a, b);
  const client = createCertExchangeClient({ host: a.host, networkName }, limits);
  return { a, b, client, ask: (ask: Parameters<typeof client.request>[1]) => client.request(b.peer, ask) };
}

/** Sends bytes as they are and gives what comes back. */
async function raw(a: TestNode, b: TestNode, bytes: Uint8Array, close: boolean): Promise<Uint8Array> {
  const stream = await a.host.open(b.peer, [protocol]);
  const pieces: Uint8Array[] = [];
  stream.addEventListener("message", (event) => void pieces.push(event.data.subarray().slice()));
  const ended = new Promise<void>((resolve, reject) => {
    stream.addEventListener("remoteCloseWrite", () => resolve());
    stream.addEventListener("close", (event) => (event.error === undefined ? resolve() : reject(event.error)));
  });
  stream.send(bytes);
  if (close) await stream.close();
  await ended;
  return concatBytes(...pieces);
}

describe("bytes on the wire", () => {
  it("are those of go-f3", () => {
    expect(certExchangeProtocol("filecoin")).toBe("/f3/certexch/get/1/filecoin");
    expect(toHex(encodeCertRequest({ first: 0, limit: 0, powerTable: true }))).toBe("830000f5");
    expect(toHex(encodeCertRequest({ first: 6204, limit: 256, powerTable: false }))).toBe("8319183c190100f4");
    expect(toHex(encodeCertRequest({ first: 1, limit: Number.POSITIVE_INFINITY, powerTable: false }))).toBe(
      "83011bfffffffffffffffff4",
    );
    expect(toHex(concatBytes(...encodeCertHeader({ pending: 300, powerTable: undefined })))).toBe("8219012c80");
    expect(toHex(concatBytes(...encodeCertHeader({ pending: 1, powerTable: entries })))).toBe(`8201${toHex(entries)}`);
  });

  it("read back", () => {
    for (const request of [
      { first: 0, limit: 256, powerTable: false },
      { first: 2 ** 40, limit: 0, powerTable: true },
    ]) {
      expect(decodeCertRequest(protocol, encodeCertRequest(request))).toEqual(request);
    }
    const endless = encodeCertRequest({ first: 5, limit: Number.POSITIVE_INFINITY, powerTable: false });
    expect(decodeCertRequest(protocol, endless)).toEqual({ first: 5, limit: 2 ** 53 - 1, powerTable: false });
    expect(decodeCertHeader(protocol, concatBytes(...encodeCertHeader({ pending: 9, powerTable: entries })))).toEqual({
      pending: 9,
      powerTable: entries,
    });
  });

  it.each([
    ["8200f5", "two fields"],
    ["840000f500", "four fields"],
    ["830000f6", "null for a boolean"],
    ["83180000f5", "a head longer than it must be"],
    ["83200 0f5".replace(" ", ""), "a negative instance"],
  ])("refuses request %s: %s", (hex) => {
    expect(() => decodeCertRequest(protocol, fromHex(hex))).toThrow(
      expect.objectContaining({ code: "network/message-malformed", fault: "garbage" }),
    );
  });
});

describe("cutting items out of a stream", () => {
  it("gives each whole item, whatever the pieces", () => {
    const items = [Uint8Array.of(0x82, 0x05, 0x80), certificate(1), certificate(2, 5000), Uint8Array.of(0xf5)];
    const all = concatBytes(...items);
    for (const size of [1, 2, 3, 7, 64, 1000, all.length]) {
      const cutter = new ItemCutter("test");
      const found: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += size) {
        cutter.add(all.subarray(at, at + size));
        for (let item = cutter.take(6000); item !== undefined; item = cutter.take(6000)) found.push(item);
      }
      expect(found).toEqual(items);
      expect(cutter.length).toBe(0);
    }
  });

  it("refuses what is over the limit as soon as it is told", () => {
    for (const hex of ["5a00100000", "9a00100000", "9b7fffffffffffffff", "5bffffffffffffffff", "825a00100000"]) {
      const cutter = new ItemCutter("test");
      cutter.add(fromHex(hex));
      expect(() => cutter.take(1000), hex).toThrow(expect.objectContaining({ code: "network/message-too-long" }));
    }
    const exact = new ItemCutter("test");
    exact.add(concatBytes(fromHex("58fd"), new Uint8Array(253)));
    expect(exact.take(255)?.length).toBe(255);
    const over = new ItemCutter("test");
    over.add(concatBytes(fromHex("58fd"), new Uint8Array(253)));
    expect(() => over.take(254)).toThrow("limit 254 B");
  });

  it("refuses what no certificate holds", () => {
    for (const hex of ["a0", "9f", "5f", "ff", "fb00", "f7", "60", "1c", "83a0"]) {
      const cutter = new ItemCutter("test");
      cutter.add(fromHex(hex));
      expect(() => cutter.take(1000), hex).toThrow(expect.objectContaining({ code: "network/message-malformed" }));
    }
  });

  it("holds no more than is not cut yet", () => {
    const cutter = new ItemCutter("test");
    for (let i = 0; i < 5000; i++) {
      cutter.add(certificate(i).subarray(0, 60));
      cutter.add(certificate(i).subarray(60));
      expect(cutter.take(1000)).toEqual(certificate(i));
    }
    expect(cutter.length).toBe(0);
  });
});

describe("certificate exchange between two nodes", () => {
  it("gives certificates byte for byte, and what is pending", async () => {
    const { ask } = await asking(holding(5, 20));
    const answer = await ask({ first: 7, limit: 4 });
    expect(answer).toMatchObject({ pending: 25, powerTable: undefined, failure: undefined });
    expect(answer.certificates).toEqual([7, 8, 9, 10].map((instance) => certificate(instance)));
  });

  it("gives the power table where it is asked for, and alone with a limit of 0", async () => {
    const { ask } = await asking(holding(0, 3));
    expect(await ask({ first: 0, limit: 0, powerTable: true })).toMatchObject({
      pending: 3,
      powerTable: entries,
      certificates: [],
      failure: undefined,
    });
    expect(await ask({ first: 3, limit: 5, powerTable: true })).toMatchObject({
      powerTable: entries,
      certificates: [],
    });
    // as in go-f3: what is asked for past the pending instance comes without a table
    expect(await ask({ first: 4, limit: 5, powerTable: true })).toMatchObject({ pending: 3, powerTable: undefined });
  });

  it("gives 257 at most, and one more than the limit, as go-f3 does", async () => {
    const { a, b, ask } = await asking(holding(0, 600));
    expect((await ask({ first: 0, limit: Number.POSITIVE_INFINITY })).certificates).toHaveLength(257);
    expect((await ask({ first: 0, limit: 3 })).certificates).toHaveLength(3); // the client stops at its limit
    const said = await raw(a, b, encodeCertRequest({ first: 0, limit: 1, powerTable: false }), true);
    expect(said).toEqual(
      concatBytes(...encodeCertHeader({ pending: 600, powerTable: undefined }), certificate(0), certificate(1)),
    );
    expect(await raw(a, b, encodeCertRequest({ first: 598, limit: 9, powerTable: false }), true)).toEqual(
      concatBytes(...encodeCertHeader({ pending: 600, powerTable: undefined }), certificate(598), certificate(599)),
    );
  });

  it("answers as soon as the request is whole, whether or not its sender is done", async () => {
    const { a, b } = await asking(holding(0, 1));
    const said = await raw(a, b, encodeCertRequest({ first: 1, limit: 1, powerTable: false }), false);
    expect(toHex(said)).toBe("820180");
  });

  it("says that nothing is pending where nothing is held", async () => {
    const { ask } = await asking(holding(0, 0));
    expect(await ask({ first: 0, limit: 10, powerTable: true })).toMatchObject({
      pending: 0,
      certificates: [],
      powerTable: entries,
      failure: undefined,
    });
  });

  it("ends early at the byte limits of either side", async () => {
    const { a, b } = await asking(holding(0, 100, 10_000), undefined, { maxBytes: 35_000 });
    const patient = createCertExchangeClient({ host: a.host, networkName });
    expect((await patient.request(b.peer, { first: 0, limit: 50 })).certificates).toHaveLength(4);
    const hasty = createCertExchangeClient({ host: a.host, networkName }, { maxBytes: 10_000 });
    const some = (await hasty.request(b.peer, { first: 0, limit: 50 })).certificates.length;
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThanOrEqual(4);
  });

  it("resets a request for a table that is not held, and one over the limit of answers at once", async () => {
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { ask } = await asking(
      { ...holding(5, 3), pending: () => gate.then(() => 8) },
      { totalMs: 5000 },
      { maxPerPeer: 1 },
    );
    const first = ask({ first: 0, limit: 0, powerTable: true });
    await expect(ask({ first: 5, limit: 1 })).rejects.toMatchObject({ code: "network/peer-gone" });
    release();
    await expect(first).rejects.toMatchObject({ code: "network/peer-gone", fault: "gone" });
  });

  it("stops when told to", async () => {
    const { client, b } = await asking({ ...holding(0, 1), pending: () => new Promise<number>(() => {}) });
    const stop = new AbortController();
    const running = client.request(b.peer, { first: 0, limit: 1 }, { signal: stop.signal });
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "host/aborted" });
  });

  it("bounds what runs at once, and what may be asked for", async () => {
    const { client, b } = await asking(async () => new Promise<void>(() => {}), { maxRequests: 1, totalMs: 300 });
    const running = client.request(b.peer, { first: 0, limit: 1 });
    await expect(client.request(b.peer, { first: 0, limit: 1 })).rejects.toMatchObject({
      code: "network/too-many-requests",
    });
    await expect(running).rejects.toMatchObject({ code: "network/answer-late", fault: "stall" });
    for (const ask of [
      { first: -1, limit: 1 },
      { first: 0.5, limit: 1 },
      { first: 0, limit: -2 },
    ]) {
      await expect(client.request(b.peer, ask)).rejects.toMatchObject({ code: "network/ask-out-of-range" });
    }
  });

  it("does not ask who does not speak it", async () => {
    const [a, b] = await Promise.all([startNode(), startNode()]);
    await connect(a, b);
    const client = createCertExchangeClient({ host: a.host, networkName });
    await expect(client.request(b.peer, { first: 0, limit: 1 })).rejects.toMatchObject({
      code: "network/protocol-missing",
    });
  });
});

const header = concatBytes(...encodeCertHeader({ pending: 9, powerTable: undefined }));
const sending =
  (...pieces: readonly Uint8Array[]): StreamHandler =>
  async (stream) => {
    for (const piece of pieces) stream.send(piece);
    await stream.close();
  };
const stalling =
  (...pieces: readonly Uint8Array[]): StreamHandler =>
  async (stream) => {
    for (const piece of pieces) stream.send(piece);
    await new Promise(() => {});
  };

describe("a hostile server of certificates", () => {
  const cases: readonly [string, StreamHandler, string, string][] = [
    ["nothing", sending(), "network/message-cut", "garbage"],
    ["half a header", sending(header.subarray(0, 1)), "network/message-cut", "garbage"],
    ["no CBOR", sending(fromHex("ffffff")), "network/message-malformed", "garbage"],
    ["a header of three", sending(fromHex("83008000")), "network/message-malformed", "garbage"],
    [
      "a pending instance past 2^53",
      sending(fromHex("821bffffffffffffffff80")),
      "network/message-malformed",
      "garbage",
    ],
    [
      "a table nobody asked for, past 100 bytes",
      sending(concatBytes(fromHex("820081"), fromHex("58c8"), new Uint8Array(200))),
      "network/message-too-long",
      "garbage",
    ],
    ["silence", stalling(), "network/answer-late", "stall"],
  ];
  it.each(cases)("is told apart: %s", async (_, handler, code, fault) => {
    const { a, ask } = await asking(handler, { totalMs: 300 });
    await expect(ask({ first: 0, limit: 5 })).rejects.toMatchObject({ code, fault });
    await until(() =>
      a.host.libp2p.getConnections().every(({ streams }) => streams.every((s) => s.protocol !== protocol)),
    );
  });

  const partly: readonly [string, StreamHandler, string, string][] = [
    ["a gap", sending(header, certificate(0), certificate(2)), "network/certificate-out-of-order", "lie"],
    ["the same twice", sending(header, certificate(0), certificate(0)), "network/certificate-out-of-order", "lie"],
    ["no certificate", sending(header, certificate(0), fromHex("8100")), "network/message-malformed", "garbage"],
    [
      "half a certificate",
      sending(header, certificate(0), certificate(1).subarray(0, 50)),
      "network/message-cut",
      "garbage",
    ],
    ["a stop", stalling(header, certificate(0), certificate(1).subarray(0, 50)), "network/answer-late", "stall"],
    [
      "one of more than a mebibyte",
      stalling(header, certificate(0), fromHex("86015a00100000")),
      "network/message-too-long",
      "garbage",
    ],
    [
      "a reset",
      async (stream) => {
        stream.send(concatBytes(header, certificate(0)));
        await new Promise((resolve) => setTimeout(resolve, 30));
        stream.abort(new Error("enough"));
      },
      "network/peer-gone",
      "gone",
    ],
  ];
  it.each(partly)("loses nothing that came before: %s", async (_, handler, code, fault) => {
    const { ask } = await asking(handler, { totalMs: 400 });
    const answer = await ask({ first: 0, limit: 5 });
    expect(answer.certificates).toEqual([certificate(0)]);
    expect(answer.failure).toMatchObject({ code, fault });
  });

  it("that never ends is left after what was asked for", async () => {
    const { a, ask } = await asking(
      async (stream) => {
        stream.send(header);
        for (let i = 0; stream.status === "open" && i < 100_000; i++) {
          if (!stream.send(certificate(i, 1000))) await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
      { totalMs: 5000 },
    );
    const answer = await ask({ first: 0, limit: 10 });
    expect(answer).toMatchObject({ failure: undefined });
    expect(answer.certificates).toHaveLength(10);
    await until(() =>
      a.host.libp2p.getConnections().every(({ streams }) => streams.every((s) => s.protocol !== protocol)),
    );
  });
});

describe("a hostile client of certificate exchange", () => {
  it("gets so many power tables at once, and so many a second", async () => {
    let tables = 0;
    let now = 1000;
    const counted: CertificateBytes = {
      ...holding(0, 3),
      powerTable() {
        tables++;
        return entries;
      },
    };
    const [a, b] = await Promise.all([startNode(), startNode()]);
    const clock = { ...systemClock, now: () => now };
    await serveCertExchange({ host: b.host, networkName, source: counted, clock });
    await connect(a, b);
    const client = createCertExchangeClient({ host: a.host, networkName });
    const ask = (powerTable: boolean) => client.request(b.peer, { first: 1, limit: 0, powerTable });
    for (let i = 0; i < 4; i++) expect((await ask(true)).powerTable).toEqual(entries);
    for (let i = 0; i < 3; i++) await expect(ask(true)).rejects.toMatchObject({ code: "network/peer-gone" });
    expect(tables).toBe(4);
    expect((await ask(false)).pending).toBe(3); // what is no work is not counted
    now += 1000;
    for (let i = 0; i < 2; i++) expect((await ask(true)).powerTable).toEqual(entries);
    await expect(ask(true)).rejects.toMatchObject({ code: "network/peer-gone" });
    expect(tables).toBe(6);
  });

  it.each(["leaves", "waits too long"])("has no work done for it when it %s", async (how) => {
    const ended = Promise.withResolvers<unknown>();
    const asked = Promise.withResolvers<void>();
    const slow: CertificateBytes = {
      ...holding(0, 3),
      powerTable: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          asked.resolve();
          signal?.addEventListener("abort", () => {
            reject(signal.reason);
            ended.resolve(signal.reason);
          });
        }),
    };
    const { client, b } = await asking(slow, undefined, how === "leaves" ? {} : { totalMs: 200 });
    const leave = new AbortController();
    const ask = client.request(b.peer, { first: 1, limit: 0, powerTable: true }, { signal: leave.signal });
    const refused = expect(ask).rejects.toMatchObject({
      code: how === "leaves" ? "host/aborted" : "network/peer-gone",
    });
    await asked.promise;
    if (how === "leaves") leave.abort();
    await refused;
    expect(await ended.promise).toBeInstanceOf(Error);
  });

  it("has its budget forgotten only after many others", () => {
    const budget = new AskBudget({ ...systemClock, now: () => 0 }, { burst: 1, perSecond: 1 });
    expect([budget.take("a"), budget.take("a")]).toEqual([true, false]);
    for (let i = 0; i < 1023; i++) budget.take(`peer ${i}`);
    expect(budget.take("a")).toBe(false);
    for (let i = 0; i < 1024; i++) budget.take(`another ${i}`);
    expect(budget.take("a")).toBe(true);
  });

  it.each([
    ["garbage", fromHex("ff0102")],
    ["a request that is too long", concatBytes(fromHex("58ff"), new Uint8Array(255))],
    ["another shape", fromHex("8200f5")],
    ["half a request", fromHex("8300")],
  ])("is reset for %s", async (_, bytes) => {
    const { a, b } = await asking(holding(0, 1), undefined, { totalMs: 300 });
    await expect(raw(a, b, bytes, true)).rejects.toThrow();
  });

  it("is not waited for when it does not end", async () => {
    const { a, b } = await asking(holding(0, 1), undefined, { totalMs: 100 });
    await expect(raw(a, b, fromHex("83"), false)).rejects.toThrow();
  });
});
