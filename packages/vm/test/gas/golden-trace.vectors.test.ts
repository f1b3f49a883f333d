import { readFileSync } from "node:fs";
import { actorsDir, dataFile, describeActors, describeData } from "@copse/testkit";
import { expect, it } from "vitest";
import { loadActors } from "../../src/bundle/library.node.ts";
import { runVector } from "../../src/conformance/run-vector.ts";
import { parseVector } from "../../src/conformance/vector.ts";
import type { GasTrace } from "../../src/gas/trace.ts";
import { formatGas } from "../../src/gas/trace-text.ts";
import { walkTrace } from "../../src/gas/trace-walk.ts";

/** A line a host call: what ran until then, its name, and what it cost besides the call itself; unit: gas. */
function hostCalls(trace: GasTrace): string[] {
  const lines: string[] = [];
  let line: string[] = [];
  const end = (): void => {
    if (line.length > 0) lines.push(line.join(" "));
    line = [];
  };
  let name: string | undefined;
  for (const { entry } of walkTrace(trace, { marks: true, zeros: false, joinGrowth: true })) {
    if (entry.kind === "answer") end();
    else if (entry.kind === "syscall") {
      end();
      name = entry.name;
    } else if (entry.kind === "charge" && entry.name === "wasm_exec") {
      if (name === undefined) end();
      line.push(formatGas(entry.milligas), name ?? "end");
      name = undefined;
    } else if (entry.kind === "charge" && entry.name !== "OnSyscall") line.push(formatGas(entry.milligas));
  }
  end();
  return lines;
}

async function traceOf(version: number, path: string): Promise<GasTrace> {
  const vector = await parseVector(readFileSync(dataFile(`fvm-test-vectors/${path}`) as string, "utf8"));
  const { messages, mismatches } = runVector(vector, {
    bundles: [await loadActors(actorsDir, version, "mainnet")],
    trace: true,
  });
  expect(mismatches).toEqual([]);
  const trace = messages[0]?.trace ?? [];
  const sum = trace.reduce((gas, entry) => gas + (entry.kind === "charge" ? entry.milligas : 0), 0);
  expect(BigInt(Math.ceil(sum / 1000))).toBe(messages[0]?.actual.gasUsed);
  return trace;
}

// From an implementation that is not ours: every charge of one message of each generation that has vectors.
describeData("golden traces", ["fvm-test-vectors"], () => {
  describeActors("of network versions 17 and 18", [9, 10], () => {
    it("a multisig's refusal on FVM 2", async () => {
      const path = "0001-shark-01/fil_9_multisig/Approve/17/ext-0001-fil_9_multisig-Approve-17-1.json";
      expect(hostCalls(await traceOf(9, path))).toEqual([
        "192263 23856",
        "1812 debug.enabled",
        "1460 vm.context",
        "384 ipld.block_stat",
        "4748 ipld.block_read 1.5",
        "44652 actor.get_actor_code_cid",
        "23656 actor.get_builtin_actor_type",
        "2088 self.root",
        "22068 ipld.block_open 135617 735",
        "1808 ipld.block_read 35",
        "87212 ipld.block_open 135617 31.5",
        "2144 ipld.block_read 1.5",
        "30168 crypto.hash 31355",
        "15796 vm.abort",
      ]);
    });

    it("a multisig's proposal on FVM 3", async () => {
      const path = "0002-hygge-01/fil_10_multisig/Propose/Ok/ext-0002-fil_10_multisig-Propose-Ok-1.json";
      expect(hostCalls(await traceOf(10, path))).toEqual([
        "769963 75000 445644.8",
        "556 debug.enabled",
        "448 vm.message_context",
        "394.4 ipld.block_stat",
        "30290.4 ipld.block_read 16",
        "18197.6 actor.get_actor_code_cid",
        "9700.4 actor.get_builtin_actor_type",
        "11940.8 self.root",
        "6477.6 ipld.block_open 187440 4630",
        "1456 ipld.block_read 185.2",
        "269576.8 ipld.block_open 187440 20320",
        "1756 ipld.block_read 812.8",
        "1953138.4 crypto.hash 14",
        "810835.6 ipld.block_create 20770",
        "152 ipld.block_link 7468934.8",
        "757036.8 ipld.block_create 4630",
        "152 ipld.block_link 2058161.2",
        "7176.8 self.set_root 475000",
        "2000 self.root",
        "6477.6 ipld.block_open 187440 4630",
        "1456 ipld.block_read 185.2",
        "266896.8 ipld.block_open 187440 20770",
        "1756 ipld.block_read 830.8",
        "1986169.2 crypto.hash 14",
        "818192 ipld.block_create 20820",
        "152 ipld.block_link 7485696.8",
        "777104 ipld.block_create 4630",
        "152 ipld.block_link 2058161.2",
        "8100.8 self.set_root",
        "11011.2 ipld.block_create 70",
        "5648 end 9100",
      ]);
    });
  });
});
