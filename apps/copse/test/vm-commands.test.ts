import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { decodeCar, encodeCar } from "@copse/car";
import { toCid } from "@copse/ipld";
import { actorsDir, dataFile, describeActors, describeData } from "@copse/testkit";
import { Address, encodeMessage, encodeSignedMessage } from "@copse/types";
import { parseVector, type VectorMessage } from "@copse/vm/conformance";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runCli, startCli } from "./run-cli.ts";

const golden = "fvm-test-vectors/0001-shark-01/fil_9_multisig/Approve/17/ext-0001-fil_9_multisig-Approve-17-1.json";
const drawing =
  "fvm-test-vectors/0001-shark-01/fil_9_storageminer/ProveCommitSector/Ok/ext-0001-fil_9_storageminer-ProveCommitSector-Ok-1.json";
const skipped = "fvm-test-vectors/0002-hygge-01/fil_10_storageminer/DisputeWindowedPoSt/Ok";

vi.setConfig({ testTimeout: 300_000 }); // threads that compile actors, on a machine with other work

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "copse-vm-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("copse vm without vectors", () => {
  it("wants a folder, and something in it", async () => {
    expect((await runCli("vm", "conformance")).code).toBe(2);
    expect((await runCli("vm", "conformance", "--vectors", folder)).code).toBe(6);
    expect((await runCli("vm", "conformance", "--vectors", join(folder, "none"))).code).toBe(5);
  });

  it("counts a file that is no vector as failed, and says why", async () => {
    writeFileSync(join(folder, "a.json"), '{"class":"tipset"}');
    const { code, out } = await runCli("vm", "conformance", "--vectors", folder);
    expect(code).toBe(1);
    expect(out.split("\n")).toEqual([
      expect.stringMatching(/^proofs are faked: /),
      "failed a.json: class: unknown: tipset",
      "0 passed, 1 failed, 0 skipped",
      "",
    ]);
  });
});

describeData("copse vm", [golden, drawing, skipped], () => {
  const data = (name: string): string => dataFile(name) as string;

  describeActors("over vectors of mainnet", [9, 10], () => {
    it("run tells receipt and state, as in the golden trace of the vector", async () => {
      const { code, events } = await runCli("vm", "run", data(golden), "--trace", "--json", "--actors", actorsDir);
      const [document] = events as [{ messages: { trace: { kind: string; name: string }[] }[] }];
      expect(code).toBe(0);
      expect(document).toMatchObject({
        outcome: "passed",
        proofs: expect.stringContaining("taken for good"),
        messages: [{ exitCode: 17, gasUsed: "939509", expected: { exitCode: 17, gasUsed: "939509" } }],
      });
      const syscalls = document.messages[0]?.trace.filter(({ kind }) => kind === "syscall").map(({ name }) => name);
      expect(syscalls).toEqual([
        "debug.enabled",
        "vm.context",
        "ipld.block_stat",
        "ipld.block_read",
        "actor.get_actor_code_cid",
        "actor.get_builtin_actor_type",
        "self.root",
        "ipld.block_open",
        "ipld.block_read",
        "ipld.block_open",
        "ipld.block_read",
        "crypto.hash",
        "vm.abort",
      ]);
    });

    it("run prints charges, and the first that differs from another trace", async () => {
      const { out } = await runCli("vm", "run", data(golden), "--trace", "--actors", actorsDir);
      expect(out).toMatch(/OnChainMessage/);
      expect(out).toMatch(/message 0: exit code 17, gas used 939509, return 0x\n/);
      const against = join(folder, "other.trace");
      writeFileSync(against, '{"name":"OnChainMessage","compute_gas":1,"other_gas":0}\n');
      const compared = await runCli("vm", "run", data(golden), "--against", against, "--actors", actorsDir);
      expect(compared.code).toBe(1);
      expect(compared.out).toContain("0 steps are equal; the next is not:");
    });

    it("conformance fails a vector whose result was changed, with what differs, and skips with a reason", async () => {
      const text = readFileSync(data(golden), "utf8");
      writeFileSync(
        join(folder, "changed.json"),
        text.replace('"gas_used":939509', '"gas_used":939508').replace('"gas_used": 939509', '"gas_used": 939508'),
      );
      writeFileSync(join(folder, "good.json"), text);
      cpSync(data(skipped), join(folder, "DisputeWindowedPoSt/Ok"), { recursive: true });
      const args = ["vm", "conformance", "--vectors", folder, "--actors", actorsDir, "--workers", "1"];
      const { code, out } = await runCli(...args);
      expect(code).toBe(1);
      const lines = out.trimEnd().split("\n");
      expect(lines).toHaveLength(4);
      expect(lines[0]).toContain("proofs are faked");
      expect(lines[1]).toMatch(/^skipped DisputeWindowedPoSt\/Ok\/.*: a dispute succeeds only over a PoSt that fails/);
      expect(lines[2]).toBe("failed changed.json: message 0: gas used 939509, not 939508");
      expect(lines[3]).toBe("1 passed, 1 failed, 1 skipped");
    });

    it("fails every vector where there are no bundles, and tells of them", async () => {
      writeFileSync(join(folder, "a.json"), readFileSync(data(golden)));
      const { code, events, err } = await runCli(
        "vm",
        "conformance",
        "--vectors",
        folder,
        "--actors",
        folder,
        "--json",
      );
      expect(code).toBe(1);
      expect(err).toContain("copse actors fetch");
      expect(events).toMatchObject([
        { event: "vector", outcome: "failed", code: "vm/bundle-absent" },
        { event: "done", passed: 0, failed: 1, skipped: 0, proofs: expect.stringContaining("faked") },
      ]);
    });

    it("message gives what the vector says, from a CAR of its state", async () => {
      const vector = await parseVector(readFileSync(data(golden), "utf8"));
      const [state, file] = [join(folder, "state.car"), join(folder, "message.cbor")];
      writeFileSync(state, encodeCar([vector.stateRoot], vector.blocks));
      const { message } = vector.messages[0] as VectorMessage;
      writeFileSync(file, encodeMessage(message));
      const output = join(folder, "after.car");
      const where = ["--state", toCid(vector.stateRoot).toString(), "--store", state, "--actors", actorsDir];
      const when = ["--epoch", String(vector.epoch), "--network-version", "17"];
      const paid = ["--base-fee", `${vector.baseFee} afil`, "--circ-supply", `${vector.circSupply} afil`];
      const run = (...args: string[]) => runCli("vm", "message", ...where, ...when, ...paid, ...args);
      const { code, events } = await run("--message", file, "--json", "-o", output);
      const after = toCid(vector.expected.stateRoot).toString();
      expect(code).toBe(0);
      expect(events).toMatchObject([{ exitCode: 17, gasUsed: "939509", stateRoot: after, networkVersion: 17 }]);
      expect(toCid(decodeCar(readFileSync(output)).roots[0] as Uint8Array).toString()).toBe(after);
      expect((await run("--message", file, "-o", output)).code).toBe(2);

      const json = {
        From: Address.format(message.from),
        To: Address.format(message.to),
        Method: String(message.method),
      };
      const rest = { GasLimit: String(message.gasLimit), Params: Buffer.from(message.params).toString("base64") };
      const fees = {
        GasFeeCap: String(message.gasFeeCap),
        GasPremium: String(message.gasPremium),
        Nonce: Number(message.nonce),
      };
      const asJson = join(folder, "message.json");
      writeFileSync(asJson, JSON.stringify({ ...json, ...rest, ...fees, Value: String(message.value) }));
      expect(await run("--message", asJson, "--json")).toMatchObject({ events: [{ exitCode: 17, stateRoot: after }] });

      // signed, it takes as many bytes on chain as were counted without its signature
      const isBls = message.from[0] === 3;
      const signature = { type: isBls ? 2 : 1, data: new Uint8Array(isBls ? 96 : 65) } as const;
      writeFileSync(file, encodeSignedMessage({ message, signature }));
      expect(await run("--message", file, "--json")).toMatchObject({ events: [{ gasUsed: "939509" }] });
      const inJson = { Type: signature.type, Data: Buffer.from(signature.data).toString("base64") };
      writeFileSync(file, `{"Message":${readFileSync(asJson, "utf8")},"Signature":${JSON.stringify(inJson)}}`);
      expect(await run("--message", file, "--json")).toMatchObject({ events: [{ gasUsed: "939509" }] });

      const sent = ["--from", json.From, "--to", json.From, "--value", "1 afil", "--gas-limit", "5000000", "--trace"];
      const { out } = await run(...sent);
      expect(out).toMatch(/OnChainMessage.*exit code: 0\nreturn: 0x\ngas used: \d+\n.*state root: bafy/s);
      expect((await run(...sent, "--actors", folder, "--json")).events).toMatchObject([{ exitCode: 0 }]);
      const absent = await run("--message", file, "--actors", folder, "--json");
      expect(absent).toMatchObject({ code: 6, events: [{ code: "vm/bundle-absent" }] });
      expect((await run("--from", "x", "--to", json.From)).code).toBe(2);
      expect((await run()).code).toBe(2);
    });

    it("message reads LMDB too, and makes no receipt up where it lacks the chain", async () => {
      const vector = await parseVector(readFileSync(data(drawing), "utf8"));
      const store = join(folder, "store");
      const database = await openLmdbDatabase(store);
      database.blocks.putManySync(vector.blocks.map(({ cid, bytes }) => [cid, bytes] as const));
      await database.close();
      const file = join(folder, "message.cbor");
      writeFileSync(file, encodeMessage((vector.messages[0] as VectorMessage).message));
      const where = ["--state", toCid(vector.stateRoot).toString(), "--store", store, "--actors", actorsDir];
      const when = ["--epoch", String(vector.epoch), "--network-version", String(vector.networkVersion)];
      const paid = ["--base-fee", `${vector.baseFee} afil`, "--circ-supply", `${vector.circSupply} afil`];
      const run = (...args: string[]) =>
        runCli("vm", "message", ...where, ...when, ...paid, "--message", file, ...args);
      const refused = await run("--fake-proofs", "--json");
      expect(refused).toMatchObject({ code: 5, events: [{ event: "error", code: "host/worker-failed" }] });
      expect(refused.out).toContain("--randomness");
      const digest = Buffer.from("i_am_random_____i_am_random_____").toString("hex");
      const { events } = await run("--fake-proofs", "--randomness", digest, "--json");
      const [expected] = vector.expected.messages;
      expect(events).toMatchObject([{ exitCode: expected?.exitCode, proofs: expect.stringContaining("faked") }]);
    });

    it("stops when it is told to", async () => {
      const running = startCli("vm", "conformance", "--vectors", data("fvm-test-vectors"), "--actors", actorsDir);
      setImmediate(() => running.stop());
      expect((await running.done).code).toBe(130);
    });
  });
});
