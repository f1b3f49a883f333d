import { describe, expect, it } from "vitest";
import { parseVectorTrace } from "../../src/conformance.ts";

const charge = (name: string, milligas: number) => ({ kind: "charge", name, milligas });

describe("parseVectorTrace", () => {
  it("takes charges of each message, and passes over what happens in between", () => {
    const text = '["msg",0]\n["charge","A",1,2]\n["call",0,"0001",2,5]\n["msg",1]\n["charge","B",-4,0]\n';
    expect(parseVectorTrace(text)).toEqual([[charge("A", 3)], [charge("B", -4)]]);
  });

  it("takes the form of the reference's runner", () => {
    expect(parseVectorTrace('{"name":"A","compute_gas":1,"other_gas":2}\n')).toEqual([[charge("A", 3)]]);
  });

  it.each(['["charge","A",1,0]', '["msg",0]\nx', '["msg",0]\n["charge","A","1",0]', '["msg",0]\n{}'])(
    "refuses %s",
    (text) => {
      expect(() => parseVectorTrace(text)).toThrow(expect.objectContaining({ code: "vm/trace-malformed" }));
    },
  );
});
