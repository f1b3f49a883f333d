import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { concatBytes, fromHex, readUvarint, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { createCertExchangeClient, serveCertExchange } from "../src/f3-exchange.ts";
import { certExchangeProtocol, encodeCertRequest } from "../src/f3-exchange-codec.ts";
import { connect, startNode, type TestNode } from "./nodes.ts";

/** What go-f3's server answers over the chain of 64 certificates that `@copse/f3` keeps (packages/f3/test/vectors). */
interface Answer {
  /** Decimal: 2^64 - 1 asks for all. */
  readonly first: string;
  readonly limit: string;
  readonly powerTable: boolean;
  readonly request: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly certificates: number;
}

const folder = new URL("../../f3/test/vectors/", import.meta.url);
const { answers } = JSON.parse(readFileSync(new URL("go-wire.json", folder), "utf8")) as { answers: Answer[] };
const [header, ...certificates] = blocks(readFileSync(new URL("go-chain.f3snap", folder)));
/** The header is `[1, 0, 63, entries]`. */
const initialTable = (header as Uint8Array).subarray(fromHex("840100183f").length);
const networkName = "oraclenet";

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = readUvarint(bytes, at);
    at = end + Number(value);
    yield Uint8Array.from(bytes.subarray(end, at));
  }
}

function blocks(bytes: Uint8Array): Uint8Array[] {
  return [...cut(bytes)];
}

const limitOf = ({ limit }: Answer): number =>
  limit === "18446744073709551615" ? Number.POSITIVE_INFINITY : Number(limit);

describe("certificate exchange as go-f3 speaks it", () => {
  it("asks with the same bytes", () => {
    for (const answer of answers) {
      const { powerTable, first } = answer;
      const request = encodeCertRequest({ first: Number(first), limit: limitOf(answer), powerTable });
      expect(toHex(request)).toBe(answer.request);
    }
  });

  it("answers with the same bytes, and reads them", async () => {
    const [a, b] = await Promise.all([startNode(), startNode()]);
    const source = {
      pending: () => certificates.length,
      // later tables are for @copse/f3 to make
      powerTable: (instance: number) => (instance === 0 ? initialTable : undefined),
      certificate: (instance: number) => certificates[instance],
    };
    // more tables are asked for here than a client needs
    await serveCertExchange({ host: b.host, networkName, source }, { tableBurst: 100 });
    await connect(a, b);
    const client = createCertExchangeClient({ host: a.host, networkName });
    let count = 0;
    for (const answer of answers) {
      const first = Number(answer.first);
      if (answer.powerTable && first > 0 && first <= certificates.length) continue;
      count++;
      const sent = await raw(a, b, fromHex(answer.request));
      expect(sent.length).toBe(answer.bytes);
      expect(createHash("sha256").update(sent).digest("hex")).toBe(answer.sha256);
      const got = await client.request(b.peer, { first, limit: limitOf(answer), powerTable: answer.powerTable });
      expect(got.failure).toBeUndefined();
      const expected = certificates.slice(first, first + Math.min(limitOf(answer), answer.certificates));
      expect(got.certificates.map(toHex)).toEqual(expected.map(toHex));
    }
    expect(count).toBe(9);
  });
});

/** What comes back on a stream for these bytes. */
async function raw(a: TestNode, b: TestNode, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = await a.host.open(b.peer, [certExchangeProtocol(networkName)]);
  const pieces: Uint8Array[] = [];
  stream.addEventListener("message", (event) => void pieces.push(event.data.subarray().slice()));
  const ended = new Promise<void>((resolve, reject) => {
    stream.addEventListener("remoteCloseWrite", () => resolve());
    stream.addEventListener("close", (event) => (event.error === undefined ? resolve() : reject(event.error)));
  });
  stream.send(bytes);
  await stream.close();
  await ended;
  return concatBytes(...pieces);
}
