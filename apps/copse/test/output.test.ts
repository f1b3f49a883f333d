import { CopseError } from "@copse/primitives";
import fc from "fast-check";
import { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { createOutput, errorFacts, toJson } from "../src/output.ts";

function sinks(json: boolean): { output: ReturnType<typeof createOutput>; out: string[]; err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const output = createOutput({ json, out: { write: (t) => out.push(t) }, err: { write: (t) => err.push(t) } });
  return { output, out, err };
}

describe("createOutput", () => {
  it("prints one JSON document a line, whatever the facts hold", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.bigInt(), fc.uint8Array(), fc.double())),
        (facts) => {
          const { output, out } = sinks(true);
          output.event("happened", facts, "a sentence");
          expect(out).toHaveLength(1);
          expect(out[0]?.indexOf("\n")).toBe((out[0] as string).length - 1);
          expect(() => JSON.parse(out[0] as string)).not.toThrow();
        },
      ),
    );
  });

  it("prints sentences otherwise, and nothing for what has none", () => {
    const { output, out, err } = sinks(false);
    output.event("happened", { a: 1 }, "It happened.");
    output.event("quiet", { a: 1 });
    output.answer({ a: 1 }, () => "the answer");
    output.talk("by the way");
    expect(out).toEqual(["It happened.\n", "the answer\n"]);
    expect(err).toEqual(["by the way\n"]);
  });
});

describe("toJson", () => {
  it("has a form for what JSON has none for", () => {
    const cid = CID.parse("bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2");
    const value = { big: 2n ** 70n, bytes: Uint8Array.of(255), buffer: Buffer.of(255), map: new Map([["k", 1n]]), cid };
    expect(JSON.parse(toJson(value))).toEqual({
      big: "1180591620717411303424",
      bytes: "/w==",
      buffer: "/w==",
      map: { k: "1" },
      cid: { "/": cid.toString() },
    });
  });
});

describe("errorFacts", () => {
  it("gives code, sentence and facts of ours, and the stack of a bug", () => {
    expect(errorFacts(new CopseError("a/b", "says", { n: 1 }))).toEqual({
      code: "a/b",
      message: "says",
      facts: { n: 1 },
    });
    expect(errorFacts(new TypeError("oops"))).toMatchObject({
      code: "copse/bug",
      message: expect.stringMatching(/TypeError: oops[\s\S]*output\.test/),
    });
    expect(errorFacts("text")).toEqual({ code: "copse/bug", message: "text" });
  });
});
