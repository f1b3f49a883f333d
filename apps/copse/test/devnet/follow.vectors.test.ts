import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actorsDir, describeActors } from "@copse/testkit";
import { actorsOf } from "@copse/types/networks";
import { afterAll, expect, it } from "vitest";
import { startCli } from "../run-cli.ts";
import { startLite, type Told } from "./lite-process.ts";

// Four chains of 500 epochs take minutes: they are made where the built-in actors are required, as in `npm run test:vectors`.
const isFull = process.env["COPSE_REQUIRE_ACTORS"] === "1";
const epochs = isFull ? 500 : 40;
const versions = isFull ? [18, 21, 25, 28] : [18];

const folder = mkdtempSync(join(tmpdir(), "copse-served-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const levels = ["linked", "beacon-checked", "messages-checked", "leader-checked", "executed"];
const seconds = (since: number): number => Math.round((performance.now() - since) / 100) / 10;

for (const version of versions) {
  describeActors(`${epochs} epochs of nv${version}, followed by a second process`, [actorsOf(version)], () => {
    it("are executed from genesis to the head", { timeout: 1_800_000 }, async () => {
      const car = join(folder, `nv${version}.car`);
      const network = `${car}.network.json`;
      const generated = performance.now();
      const how = ["--network-version", `${version}`, "--epochs", `${epochs}`, "--seed", "followed"];
      const made = await startCli("devnet", "generate", ...how, "--actors", actorsDir, "--out", car, "--json").done;
      expect(made.code, made.err).toBe(0);
      const { tipsets, headers } = made.events.find(({ event }) => event === "executed") as Record<string, number>;
      const generating = seconds(generated);

      const served = performance.now();
      const where = ["--network", network, "--repo"];
      const server = startLite(...where, join(folder, `server-${version}`), "--import", car, "--execute", "off");
      const { addresses } = await server.until("listening", ({ event }) => event === "listening");
      const importing = seconds(served);

      const followed = performance.now();
      const peer = (addresses as string[])[0] as string;
      const flags = ["--peer", peer, "--once", "--execute", "on", "--actors", actorsDir, "--api", "off"];
      const { code, told, err } = await startLite(...where, join(folder, `lite-${version}`), ...flags).done;
      const following = seconds(followed);
      server.child.kill("SIGTERM");
      expect((await server.done).code).toBe(0);

      const report = told.at(-1) as Told;
      const all = [{ from: 0, to: report["head"] }];
      expect(report, err).toMatchObject({
        event: "assembled",
        tipsets,
        headers,
        executedTipsets: tipsets,
        leaders: (headers as number) - 1,
        assurance: Object.fromEntries(levels.map((level) => [level, all])),
      });
      expect(code).toBe(0);
      const messages = report["executedMessages"];
      console.log(
        JSON.stringify({ version, epochs, tipsets, headers, messages, generating, importing, following, unit: "s" }),
      );
    });
  });
}
