import { gzipSync } from "node:zlib";
import { encodeCar } from "@copse/car";
import { CborWriter, cidOf, toCid } from "@copse/ipld";
import { describe, expect, it } from "vitest";
import { compareMessage, mismatchText } from "../../src/conformance/result.ts";
import { parseVector, vectorExterns } from "../../src/conformance.ts";
import { ExternError } from "../../src/externs.ts";
import { inventVector } from "./invented-vector.ts";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

describe("parseVector", () => {
  it("keeps every digit of amounts beyond 2^53", async () => {
    const text = JSON.stringify(inventVector()).replace(
      '"basefee":100',
      '"basefee":1,"circ_supply":463973544302560247587615610',
    );
    const vector = await parseVector(text);
    expect(vector.circSupply).toBe(463973544302560247587615610n);
    expect(vector.baseFee).toBe(1n);
  });

  it("fills in what the old format does not tell", async () => {
    const json = inventVector();
    const vector = await parseVector(JSON.stringify(json));
    expect(vector).toMatchObject({ chainId: 0n, timestamp: 7 * 30, circSupply: 2n * 10n ** 27n, actors: undefined });
    expect(vector.messages[0]).toMatchObject({ kind: "explicit" });
    const { bytes } = json.apply_messages[0] as { bytes: string };
    expect(vector.messages[0]?.rawLength).toBe(Buffer.from(bytes, "base64").length + 69);
    expect(vector.expected.messages[0]).toMatchObject({ eventsRoot: undefined, events: undefined, outputs: undefined });
  });

  it("reads what generated vectors add", async () => {
    const root = cidOf(Uint8Array.of(0x80));
    const link = { "/": toCid(root).toString() };
    const outputs = {
      penalty: "1",
      miner_tip: "2",
      base_fee_burn: "3",
      over_estimation_burn: "4",
      refund: `${10n ** 30n}`,
    };
    const vector = await parseVector(
      JSON.stringify({
        ...inventVector({
          preconditions: {
            chain_id: 314,
            timestamp: 99,
            actors: { version: "v18", network: "mainnet", manifest: link },
          },
          apply_messages: { kind: "implicit", raw_length: 12 },
          receipts: { events_root: null },
          postconditions: {
            outputs: [{ ...outputs, gas_refund: 5, gas_burned: 6 }],
            events: [""],
            failures: ["because"],
          },
        }),
        randomness: [{ on: ["beacon", 5], ret: base64(new Uint8Array(32).fill(9)) }],
        tipset_cids: [{ epoch: 6, cid: link }],
      }),
    );
    expect(vector).toMatchObject({ chainId: 314n, timestamp: 99, actors: { version: 18, network: "mainnet" } });
    expect(vector.messages[0]).toMatchObject({ kind: "implicit", rawLength: 12 });
    expect(vector.expected.messages[0]).toMatchObject({
      eventsRoot: null,
      events: new Uint8Array(0),
      outputs: { penalty: 1n, refund: 10n ** 30n, gasBurned: 6n },
    });
    const externs = vectorExterns(vector);
    expect(externs.beaconRandomness(5)).toEqual(new Uint8Array(32).fill(9));
    expect(Buffer.from(externs.chainRandomness(5)).toString()).toBe("i_am_random_____i_am_random_____");
    expect(externs.tipsetCid(6)).toEqual(root);
    expect(() => externs.tipsetCid(7)).toThrow(ExternError);
  });

  it("reads a message that lotus does not, since the machine is to refuse it", async () => {
    const plain = inventVector().apply_messages[0]?.["bytes"] as string;
    const limit = new CborWriter().uint(1_000_000).finish();
    const higher = new CborWriter().uint(2n ** 63n).finish();
    const hex = Buffer.from(plain, "base64").toString("hex");
    const changed = hex.replace(Buffer.from(limit).toString("hex"), Buffer.from(higher).toString("hex"));
    const bytes = Buffer.from(changed, "hex").toString("base64");
    const vector = await parseVector(JSON.stringify(inventVector({ apply_messages: { bytes } })));
    expect(vector.messages[0]?.message.gasLimit).toBe(2n ** 63n);
    expect(vector.messages[0]?.message.method).toBe(0n);
  });

  it("takes a receipt that is none", async () => {
    const json = inventVector();
    json.postconditions.receipts = [{ error: "cannot be applied" }];
    const vector = await parseVector(JSON.stringify(json));
    expect(vector.expected.messages[0]?.refused).toBe("cannot be applied");
  });

  it.each([
    ["chaos_actor", "true"],
    ["requires:consensus_fault_extern", "true"],
    ["min_protocol_version", "chocolate"],
  ])("says why %s %s is passed over", async (name, value) => {
    const vector = await parseVector(JSON.stringify({ ...inventVector(), selector: { [name]: value } }));
    expect(vector.skip).toMatch(/it needs/);
  });

  it.each([
    ["no JSON", "{", "the file"],
    ["a list", "[]", ""],
    ["another class", JSON.stringify({ ...inventVector(), class: "tipset" }), "class"],
    ["no messages", JSON.stringify({ ...inventVector(), apply_messages: 3 }), "apply_messages"],
    [
      "bytes that are no message",
      JSON.stringify(inventVector({ apply_messages: { bytes: "gA==" } })),
      "apply_messages[0].bytes",
    ],
    [
      "bytes that are no base64",
      JSON.stringify(inventVector({ apply_messages: { bytes: "!" } })),
      "apply_messages[0].bytes",
    ],
    ["a CAR that is no gzip", JSON.stringify({ ...inventVector(), car: "AAAA" }), "car"],
    ["a CAR without the state", JSON.stringify({ ...inventVector(), car: otherCar() }), "car"],
    [
      "a fraction",
      JSON.stringify(inventVector({ receipts: { gas_used: 1.5 } })),
      "postconditions.receipts[0].gas_used",
    ],
    [
      "a root that is none",
      JSON.stringify(inventVector({ receipts: { events_root: { "/": "x" } } })),
      "postconditions.receipts[0].events_root",
    ],
  ])("refuses %s", async (_, text, field) => {
    await expect(parseVector(text)).rejects.toMatchObject({ code: "vm/vector-malformed", facts: { field } });
  });

  it("refuses a CAR that grows beyond the limit", async () => {
    const { gunzip } = await import("../../src/conformance/gunzip.ts");
    const bomb = gzipSync(new Uint8Array(1 << 20));
    const facts = { field: "car", limit: 1000 };
    await expect(gunzip("car", bomb, 1000)).rejects.toMatchObject({ code: "vm/vector-too-long", facts });
    await expect(gunzip("car", bomb.subarray(0, 40), 1 << 21)).rejects.toMatchObject({ code: "vm/vector-malformed" });
    expect((await gunzip("car", bomb, 1 << 20)).length).toBe(1 << 20);
  });
});

describe("compareMessage", () => {
  const outcome = {
    refused: undefined,
    exitCode: 0,
    gasUsed: 5n,
    eventsRoot: null,
    events: undefined,
    outputs: undefined,
  };
  const long = (last: number): Uint8Array => Uint8Array.from({ length: 1000 }, (_, at) => (at === 999 ? last : 1));

  it("tells what differs, and where", () => {
    const expected = { ...outcome, returnData: long(1) };
    const actual = { ...outcome, exitCode: 7, returnData: long(2), failure: undefined };
    const lines = compareMessage(3, expected, actual).map(mismatchText);
    expect(lines).toEqual([
      "message 3: exit code 7, not 0",
      expect.stringMatching(/^message 3: return 0x01.*\(1000 B\), from byte 999 on, not 0x01/),
    ]);
  });

  it("compares nothing of a message that both refuse", () => {
    const expected = { ...outcome, refused: "no", returnData: long(1) };
    const actual = { ...outcome, refused: "never", returnData: long(2), failure: undefined };
    expect(compareMessage(0, expected, actual)).toEqual([]);
    expect(compareMessage(0, { ...expected, refused: undefined }, actual)).toMatchObject([{ what: "receipt" }]);
  });
});

function otherCar(): string {
  const block = new CborWriter().array(0).finish();
  return base64(gzipSync(encodeCar([cidOf(block)], [{ cid: cidOf(block), bytes: block }])));
}
