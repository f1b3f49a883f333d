import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCli } from "../run-cli.ts";

it("says which actors are not there, by its code, and writes nothing", async () => {
  const out = join(tmpdir(), "copse-devnet-never.car");
  const actors = join(tmpdir(), "copse-no-such-folder");
  const { code, events } = await runCli("devnet", "generate", "--actors", actors, "--out", out, "--json");
  expect(code).toBe(6);
  expect(events).toEqual([expect.objectContaining({ event: "error", code: "vm/bundle-absent" })]);
});
