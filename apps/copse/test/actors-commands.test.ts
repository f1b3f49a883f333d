import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeCar } from "@copse/car";
import { CborWriter, cidOf, rawCidOf, toCid } from "@copse/ipld";
import { fromLatin1 } from "@copse/primitives";
import { actorsDir, describeActors } from "@copse/testkit";
import { loadActors } from "@copse/vm/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli, startCli } from "./run-cli.ts";

/** A bundle of one actor that nobody has published. */
function inventBundle(): { readonly root: string; readonly car: Uint8Array } {
  const code = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const list = new CborWriter().array(1).array(2).text("system").link(rawCidOf(code)).finish();
  const root = new CborWriter().array(2).uint(1).link(cidOf(list)).finish();
  const blocks = [root, list].map((bytes) => ({ cid: cidOf(bytes), bytes }));
  const car = encodeCar([cidOf(root)], [...blocks, { cid: rawCidOf(code), bytes: code }]);
  return { root: toCid(cidOf(root)).toString(), car };
}

let folder = "";
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "copse-actors-cli-"));
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** A place of releases on this machine. */
async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/releases/`;
}

describe("copse actors", () => {
  const { car, root } = inventBundle();
  const kept = (): string => join(folder, "kept");

  it("says what to do where there are none", async () => {
    const { code, out, err } = await runCli("actors", "list", "--actors", kept());
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toContain("copse actors fetch");
  });

  it("takes in an unpublished bundle only when told so, and lists it as unknown", async () => {
    const file = join(folder, "v3-ournet.car");
    writeFileSync(file, car);
    const refused = await runCli("actors", "import", file, "--actors", kept(), "--json");
    expect(refused).toMatchObject({ code: 3, events: [{ event: "error", code: "vm/bundle-unknown" }] });
    const taken = await runCli("actors", "import", file, "--actors", kept(), "--unknown");
    expect(taken).toMatchObject({ code: 0, out: `v3 ournet ${root} unknown ${join(kept(), "v3-ournet.car")}\n` });
    const { events } = await runCli("actors", "list", "--verify", "--actors", kept(), "--json");
    expect(events).toMatchObject([{ versions: [3], network: "ournet", root, known: false }]);
  });

  it("lists the others where a file is damaged, and ends with its code", async () => {
    writeFileSync(join(folder, "v3-ournet.car"), car.subarray(0, 90));
    writeFileSync(join(folder, "v4-ournet.car"), car);
    const { code, events } = await runCli("actors", "list", "--actors", folder, "--json");
    expect(code).toBe(3);
    expect(events).toMatchObject([{ event: "error", code: "car/cut" }, { versions: [4] }]);
  });

  it("keeps nothing that is not the published bundle", async () => {
    const urls: unknown[] = [];
    const from = await serve((request, response) => {
      urls.push(request.url);
      response.end(car);
    });
    const args = ["actors", "fetch", "18", "--from", from, "--actors", kept(), "--json"];
    expect(await runCli(...args)).toMatchObject({ code: 3, events: [{ code: "vm/bundle-mismatch" }] });
    expect(urls).toEqual(["/releases/v18.0.0/builtin-actors-mainnet.car"]);
    expect(await runCli("actors", "list", "--actors", kept())).toMatchObject({ out: "" });
  });

  it.each([
    ["an answer of 404", (response: Parameters<RequestListener>[1]) => response.writeHead(404).end()],
    ["a connection that breaks", (response: Parameters<RequestListener>[1]) => response.destroy()],
    [
      "more than is taken",
      (response: Parameters<RequestListener>[1]) => response.writeHead(200, { "content-length": 1e9 }),
    ],
  ])("ends with 4 after %s", async (_, act) => {
    const from = await serve((_request, response) => {
      act(response);
      if (response.headersSent && !response.writableEnded) response.write("x");
    });
    const { code, events } = await runCli("actors", "fetch", "v9", "--from", from, "--actors", kept(), "--json");
    expect({ code, events }).toMatchObject({ code: 4, events: [{ code: "copse/download-failed" }] });
  });

  it("stops a download at once, and leaves nothing behind", async () => {
    let asked: () => void = () => {};
    const reached = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const from = await serve((_, response) => {
      response.write(car.subarray(0, 50));
      asked();
    });
    const running = startCli("actors", "fetch", "v18.0.0", "--from", from, "--actors", folder);
    await reached;
    running.stop();
    expect((await running.done).code).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses what is no version, and versions that nobody has published", async () => {
    expect((await runCli("actors", "fetch", "latest")).code).toBe(2);
    expect((await runCli("actors", "fetch", "999")).code).toBe(6);
    expect((await runCli("actors", "fetch", "18", "--network", "nonet")).code).toBe(6);
  });
});

describeActors("copse actors fetch", [9], () => {
  it("keeps the published bundle under its name", async () => {
    const bundle = await loadActors(actorsDir, 9, "mainnet");
    const blocks = Array.from(bundle.blocks, ([key, bytes]) => ({ cid: fromLatin1(key), bytes }));
    const car = encodeCar([bundle.root], blocks);
    // as GitHub does: the file lies elsewhere
    const from = await serve(({ url }, response) =>
      url === "/object" ? response.end(car) : response.writeHead(302, { location: "/object" }).end(),
    );
    const { code, events } = await runCli("actors", "fetch", "9", "--from", from, "--actors", folder, "--json");
    const path = join(folder, "v9-mainnet.car");
    expect({ code, events }).toMatchObject({ code: 0, events: [{ path, known: true, release: "v9.0.3" }] });
    expect(readFileSync(path).equals(car)).toBe(true);
    expect((await loadActors(folder, 9, "mainnet")).root).toEqual(bundle.root);
  });
});
