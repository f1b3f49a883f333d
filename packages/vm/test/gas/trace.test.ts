import { describe, expect, it } from "vitest";
import type { GasTrace, TraceEntry } from "../../src/gas/trace.ts";
import { diffTraces } from "../../src/gas/trace-diff.ts";
import { parseTrace, traceJson } from "../../src/gas/trace-json.ts";
import { differenceLines, formatGas, traceLines } from "../../src/gas/trace-text.ts";

const charge = (name: string, milligas: number): TraceEntry => ({ kind: "charge", name, milligas });
const call: TraceEntry = { kind: "call", from: 100n, to: "f02", method: 2n, value: 0n };
const syscall = (name: string): TraceEntry => ({ kind: "syscall", name });

const trace: GasTrace = [
  charge("OnChainMessage", 769_963_000),
  call,
  charge("OnMethodInvocation", 75_000_000),
  syscall("self.root"),
  charge("wasm_exec", 556_400),
  charge("OnSyscall", 14_000_000),
  charge("OnSelfBalance", 0),
  { kind: "answer", errno: 0 },
  { ...call, to: "f03" },
  { kind: "fail", error: "NotFound" },
  syscall("ipld.block_open"),
  charge("wasm_exec", 1),
  { kind: "answer", errno: 6 },
  { kind: "return", exitCode: 0 },
];
const replaced = (index: number, entry: TraceEntry): GasTrace => trace.with(index, entry);
const charges = (entries: GasTrace): GasTrace => entries.filter(({ kind }) => kind === "charge");

describe("diffTraces", () => {
  it("finds nothing between equals, with or without marks", () => {
    expect(diffTraces(trace, trace)).toBeUndefined();
    expect(diffTraces(trace, charges(trace))).toBeUndefined();
    expect(diffTraces([], [])).toBeUndefined();
  });

  it("finds the first charge that differs, and where it is", () => {
    const difference = diffTraces(trace, charges(replaced(4, charge("wasm_exec", 556_800))));
    expect(difference).toMatchObject({
      at: 2,
      a: { index: 4, before: 844_963_000, calls: [call], syscall: { name: "self.root", index: 0 } },
      b: { index: 2, before: 844_963_000, calls: [], syscall: undefined },
    });
    expect(difference && differenceLines(difference, ["copse", "ref-fvm"])).toEqual([
      "2 steps are equal; the next is not:",
      "  copse: wasm_exec of 556.4 gas (entry 4, after 844963 gas; host call 0, self.root; in method 2 of f02, 1 deep)",
      "  ref-fvm: wasm_exec of 556.8 gas (entry 2, after 844963 gas)",
      "  differ by -0.4 gas",
    ]);
  });

  it("finds a host call that differs before its charges do", () => {
    const difference = diffTraces(trace, replaced(10, syscall("ipld.block_link")));
    expect(difference?.a?.entry).toEqual(syscall("ipld.block_open"));
    expect(difference && differenceLines(difference, ["a", "b"])[2]).toBe(
      "  b: ipld.block_link (entry 10, after 859519.4 gas; host call 1, ipld.block_link; in method 2 of f02, 1 deep)",
    );
  });

  it("finds names that differ, and where one trace ends", () => {
    expect(diffTraces([charge("OnBlockRead", 1)], [charge("OnBlockStat", 1)])?.at).toBe(0);
    const difference = diffTraces(trace.slice(0, 4), trace.slice(0, 5));
    expect(difference).toMatchObject({ a: undefined, b: { index: 4 } });
    expect(difference && differenceLines(difference, ["a", "b"])[1]).toBe("  a: the trace ends");
  });

  it("compares charges of nothing only when asked to", () => {
    const without = trace.toSpliced(6, 1);
    expect(diffTraces(trace, without)).toBeUndefined();
    expect(diffTraces(trace, without, { zeros: true })?.a?.index).toBe(6);
  });

  it("takes execution and the growth of memory for one", () => {
    const apart = [charge("wasm_exec", 5), charge("wasm_memory_grow", 6), charge("OnSyscall", 1)];
    const together = [charge("wasm_exec", 11), charge("OnSyscall", 1)];
    expect(diffTraces(apart, together)).toBeUndefined();
    // the instructions of two sends stay two
    const twice = [charge("wasm_exec", 5), charge("wasm_exec", 6), charge("OnSyscall", 1)];
    expect(diffTraces(twice, together)?.at).toBe(0);
  });
});

describe("traceLines", () => {
  it("shows each charge, and marks where they are", () => {
    expect([...traceLines(trace)]).toEqual([
      "     0          769963          769963  OnChainMessage",
      "                                        call f0100 -> f02, method 2, value 0",
      "     1           75000          844963    OnMethodInvocation",
      "                                          self.root",
      "     2           556.4        845519.4    wasm_exec",
      "     3           14000        859519.4    OnSyscall",
      "     4               0        859519.4    OnSelfBalance",
      "                                          ok",
      "                                          call f0100 -> f03, method 2, value 0",
      "                                            no exit: NotFound",
      "                                          ipld.block_open",
      "     5           0.001      859519.401    wasm_exec",
      "                                          error 6",
      "                                          exit 0",
    ]);
  });

  it("closes with a host call the sends that did not say they ended, and with a send its host calls", () => {
    const unwound: GasTrace = [
      call,
      syscall("send.send"),
      call,
      syscall("self.root"),
      { kind: "fail", error: "OutOfGas" },
      charge("wasm_exec", 1),
      { kind: "answer", errno: 0 },
      syscall("send.send"),
      call,
      { kind: "answer", errno: 6 },
      charge("wasm_exec", 2),
      { kind: "return", exitCode: 0 },
      charge("OnChainReturnValue", 3),
    ];
    const depths = [...traceLines(unwound)].map((line) => line.slice(40).search(/\S/) / 2);
    expect(depths).toEqual([0, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0]);
  });

  it.each([
    [0, "0"],
    [1, "0.001"],
    [-98_800_500, "-98800.5"],
    [14_000_000, "14000"],
  ])("writes %s milligas as %s gas", (milligas, text) => expect(formatGas(milligas)).toBe(text));
});

describe("traces in JSON", () => {
  it("are read as the reference writes them", () => {
    const text = [
      '{"name":"OnChainMessage","compute_gas":38863000,"other_gas":731100000,"elapsed_nanos":null}',
      '{"name":"wasm_exec","compute_gas":18446744073709551615,"other_gas":0,"elapsed_nanos":17}',
      "",
    ].join("\n");
    expect(parseTrace(text)).toEqual([
      charge("OnChainMessage", 769_963_000),
      charge("wasm_exec", Number.MAX_SAFE_INTEGER),
    ]);
  });

  it("are read again as they were written", () => {
    expect(parseTrace([...traceJson(trace)].join("\n"))).toEqual(charges(trace));
  });

  it.each([
    "{",
    "1",
    "null",
    '{"name":1,"compute_gas":0,"other_gas":0}',
    '{"name":"a","compute_gas":0.5,"other_gas":0}',
    '{"name":"a"}',
  ])("are refused in another form: %s", (line) => {
    const error = expect.objectContaining({ code: "vm/trace-malformed", facts: expect.objectContaining({ line: 2 }) });
    expect(() => parseTrace(`\n${line}`)).toThrow(error);
  });
});
