import { describeBrowser, describeData, readData, type TestBrowser } from "@copse/testkit";
import type { TipsetKey } from "@copse/types";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  finalizing,
  flipped,
  golden,
  goldenManifest,
  goManifest,
  goSnapshot,
  headerOn,
  keyOf,
  madeState,
  minted,
  proofOf,
  stateOf,
} from "./made-files.ts";
import { builtPage, type OpenPage, openPage } from "./open-page.ts";

const export40 = "chain/mainnet-export40.car";
const genesisCar = "chain/mainnet-genesis.car";
const containers = [
  ["chain/mainnet-chain4.car.zst", "CARv1"],
  ["chain/mainnet-chain4.forest.car.zst", "ForestCARv1.zst"],
] as const;
const power = "actors/f04/state/totalQualityAdjPower";

/** A machine may be busy. */
const patience = { timeout: 45_000 };
const made = madeState();
const keyAt = (height: number): TipsetKey => keyOf(headerOn(made.root, height));
const proofAt = (height: number): Uint8Array =>
  proofOf(headerOn(made.root, height), made.store, power, "actors/f01000/state/info/worker");

describeBrowser("the built page", (browser: () => TestBrowser) => {
  let built: Awaited<ReturnType<typeof builtPage>>;
  let opened: OpenPage;

  beforeAll(async () => {
    built = await builtPage();
  });
  afterAll(() => built.remove());
  // Whatever a test does: nothing is asked of anyone else, and no error goes by unseen.
  afterEach(async () => {
    await opened.close();
    expect(opened.requests.some((url) => url.endsWith("/page.js"))).toBe(true);
    expect(opened.requests.filter((url) => !url.startsWith(opened.origin))).toEqual([]);
    expect(opened.errors).toEqual([]);
  });
  const open = async (options?: Parameters<typeof openPage>[2]): Promise<OpenPage> => {
    opened = await openPage(browser(), built.folder, options);
    return opened;
  };

  describe("an F3 snapshot", () => {
    it("of the golden vectors is verified against a manifest, and refused against mainnet's", async () => {
      const { verify, choose, requests } = await open();
      expect(await verify("a.f3snap", golden())).toMatch(/Refused.*f3\/snapshot-other-table.*filecoin at instance 0/s);
      await choose(goldenManifest());
      const text = await verify("b.f3snap", golden());
      expect(text).toMatch(/Verified\n/);
      expect(text).toContain("F3 of filecoin has finalized epoch 103");
      expect(text).toMatch(/Instances\s+0–1, 2 certificates/);
      expect(text).toMatch(/Power table now\s+bafy2bzacecogyf2ytv5bbaxlyre6f7e73n7fwanhfybloyzqe76646g35r3xg/);
      expect(text).toMatch(/Snapshot\s+bafk2bzacedz5anuwuuo4ljjl2prexj2tfpfbptsohgjwukrdxsyz7d6gssm3a/);
      expect(text).toMatch(/Speed\s+[\d,]+ certificates per second/);
      expect(requests.some((url) => url.endsWith("/worker.js"))).toBe(true); // what workers ask for is seen too
    });

    it("that go-f3 exported is verified; any altered byte is refused with its instance", {
      timeout: 180_000,
    }, async () => {
      const { verify, choose } = await open();
      await choose(goManifest());
      const text = await verify("go.f3snap", goSnapshot());
      expect(text).toMatch(/Verified\n.*F3 of oraclenet has finalized epoch 1,241/s);
      expect(text).toMatch(/Instances\s+0–63, 64 certificates/);
      expect(text).toContain("bafk2bzacea5tq237ipnekquftfiistxhtfu55dgpp7hwjbc75tw2zfdwvvor2");
      const last = goSnapshot().length - 1;
      for (const at of [0, 40, 30_000, last]) {
        const refused = await verify(`at-${at}.f3snap`, flipped(goSnapshot(), at));
        expect(refused, `byte ${at}`).toMatch(/Refused\n.*(f3|explorer|cbor)\/[a-z-]+ \S/s);
      }
      expect(await verify("late.f3snap", flipped(goSnapshot(), 30_000))).toMatch(/instance \d+/);
    });

    it("of some size is verified by more workers where there are cores", async () => {
      const { verify, choose, requests } = await open({ cores: 3 });
      const { snapshot, manifest } = minted(40, 126);
      expect(snapshot.length).toBeGreaterThan(512 << 10);
      await choose(manifest);
      const text = await verify("minted.f3snap", snapshot);
      expect(text).toMatch(/Verified\n.*F3 of minted has finalized epoch 5,000.*0–39, 40 certificates/s);
      expect(requests.filter((url) => url.endsWith("/certificates.js")).length).toBe(2);
      const late = await verify("late.f3snap", flipped(snapshot, snapshot.length - 40));
      expect(late).toMatch(/Refused\n.*f3\/signature-(wrong|malformed) .*instance 39/s);
    });
  });

  describe("files", () => {
    it("of no known kind are refused; a manifest that is none too", async () => {
      const { verify, give, card } = await open();
      expect(await verify("a.bin", Uint8Array.of(1, 2, 3))).toMatch(/Refused\n.*explorer\/file-unknown .*010203/s);
      await give({ name: "m.json", bytes: '{"NetworkName": 7}' });
      await expect
        .poll(() => card("m.json").textContent(), patience)
        .toMatch(/Refused.*f3\/manifest-malformed .*NetworkName/s);
    });

    it("may be dropped anywhere, and what others build on goes first", async () => {
      const { card, page } = await open();
      const { snapshot, manifest } = finalizing([{ epoch: 7, key: keyAt(7) }]);
      const given = { "z.car": proofAt(7), "y.f3snap": snapshot, "x.json": new TextEncoder().encode(manifest) };
      const files = Object.entries(given).map(([name, bytes]) => ({ name, bytes: [...bytes] }));
      await page.evaluate((all) => {
        const data = new DataTransfer();
        for (const { name, bytes } of all) data.items.add(new File([Uint8Array.from(bytes)], name));
        document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
      }, files);
      await expect.poll(() => card("z.car").textContent(), patience).toMatch(/final by F3 \(y\.f3snap\)/);
      expect(await card("y.f3snap").textContent()).toMatch(/VerifiedF3 of minted has finalized epoch 7/);
    });

    it("are fetched from the address of the page where it names one; from others only after a click", async () => {
      const path = new URL("./fixtures/golden.f3snap", import.meta.url).pathname;
      const { card, page, requests } = await open({
        query: "?file=data/golden.f3snap",
        more: { "data/golden.f3snap": path },
      });
      await expect
        .poll(() => card("golden.f3snap").textContent(), patience)
        .toMatch(/F3 snapshot.*Refused.*snapshot-other-table/);
      expect(requests.some((url) => url.endsWith("/data/golden.f3snap"))).toBe(true);
      await page.goto(`${opened.origin}?network=calibnet&file=https://files.example/x.car`);
      await page.getByRole("button", { name: "Fetch from files.example" }).waitFor();
      expect(await page.getByLabel("Network").inputValue()).toBe("calibnet");
    });
  });

  describe("a proof", () => {
    it("of a state says whether F3 has finalized its header, once a snapshot was verified", async () => {
      const proof = proofAt(7);
      const { snapshot, manifest } = finalizing([
        { epoch: 5, key: keyAt(5) },
        { epoch: 7, key: keyAt(7) },
        { epoch: 9, key: keyAt(9) },
      ]);
      const { verify, choose, page } = await open();
      await choose(manifest);
      expect(await verify("before.car", proof)).toMatch(/Verified in part\n.*verify an F3 snapshot or a header chain/s);
      expect(await verify("own.f3snap", snapshot)).toMatch(/Verified\n.*F3 of minted has finalized epoch 9/s);
      expect(await verify("final.car", proof)).toMatch(
        /Verified\n.*Anchored in\s+epoch 7, final by F3 \(own.f3snap\)/s,
      );
      const later = await verify("later.car", proofAt(11));
      expect(later).toMatch(/Verified in part\n.*own.f3snap covers epochs 5–9; this is epoch 11/s);
      const fork = await verify("fork.car", proofAt(8));
      expect(fork).toMatch(/Refused\n.*explorer\/not-final .*at height 8/s);
      // Of another network nothing was learned.
      await page.getByLabel("Network").selectOption("mainnet");
      expect(await verify("other.car", proof)).toMatch(/Verified in part\n/);
    });
  });

  it("cancels what runs and what waits, at once, and goes on with the next", async () => {
    const { verify, choose, give, card, page } = await open();
    await choose(goManifest());
    // Clicked within the message that tells of the first certificates: the others are under way then.
    await page.evaluate(() => {
      const list = document.getElementById("list") as HTMLElement;
      new MutationObserver((_, observer) => {
        const running = [...list.querySelectorAll("article")].find((one) =>
          one.textContent?.includes("certificates, "),
        );
        if (running === undefined) return;
        observer.disconnect();
        (window as unknown as { seen: string }).seen = running.querySelector(".phase")?.textContent ?? "";
        running.querySelector("button")?.click();
      }).observe(list, { subtree: true, childList: true, characterData: true });
    });
    await give({ name: "runs.f3snap", bytes: goSnapshot() }, { name: "waits.f3snap", bytes: goSnapshot() });
    await page.getByRole("button", { name: "Cancel waits.f3snap" }).click();
    await expect.poll(() => card("waits.f3snap").textContent(), patience).toMatch(/Cancelled$/);
    await expect.poll(() => card("runs.f3snap").textContent(), patience).toMatch(/Cancelled$/);
    // Who cancelled by keyboard stands where the button was.
    expect(await page.evaluate("document.activeElement.textContent")).toBe("waits.f3snap");
    expect(await page.evaluate("window.seen")).toMatch(/^verifying certificates, (16|32|48) of 64$/);
    // Chromium lets a worker that is ended go on for two seconds before it breaks off its code.
    await expect.poll(() => page.workers().length, patience).toBe(0);
    expect(await page.getByRole("progressbar").count()).toBe(0);
    expect(await verify("after.f3snap", goSnapshot())).toMatch(/Verified\n/);
  });

  it("can be worked with by keyboard, and names its parts", async () => {
    const { page } = await open();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.id")).toBe("network");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.id")).toBe("files");
    expect(await page.getByRole("status").count()).toBe(1);
    expect(await page.getByRole("region").count()).toBe(4);
    for (const scheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background).toBe(scheme === "light" ? "rgb(246, 247, 244)" : "rgb(20, 24, 26)");
    }
  });

  describeData("a header chain", [export40, ...containers.map(([name]) => name)], () => {
    it("of mainnet's first epochs is verified; any altered byte is refused", { timeout: 180_000 }, async () => {
      const { verify, requests } = await open({ cores: 2 });
      const file = readData(export40);
      const text = await verify("export40.car", file);
      expect(text).toMatch(/Verified\n/);
      expect(text).toContain("49 headers from epoch 39 down to the genesis of mainnet");
      expect(text).toMatch(/Genesis\s+bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2/);
      expect(text).toMatch(/Linked\s+33 tipsets, 49 headers: epochs 0–39/);
      expect(text).toMatch(/Beacons\s+38 drand entries verified, 1 accepted by rule: epochs 1–39/);
      expect(text).toMatch(
        /49 message roots, 585 messages, 14 BLS aggregates, 512 single signatures, 32 base fees: epochs 0–39/,
      );
      expect(text).toMatch(/Leaders\s+48 blocks won and signed by their miners: epochs 1–39/);
      expect(text).toMatch(/1,581 blocks, 1.2 MB, every block hashed/);
      expect(requests.some((url) => url.endsWith("/signatures.js"))).toBe(false);
      for (const at of [30, 5000, 600_000, file.length - 1]) {
        expect(await verify(`at-${at}.car`, flipped(file, at)), `byte ${at}`).toMatch(/Refused\n.*car\/[a-z-]+ \S/s);
      }
      expect(await verify("deep.car", flipped(file, 600_000))).toMatch(/car\/block-mismatch .*bafy2bz/);
    });

    it("is verified by more workers where there are cores", async () => {
      const { verify, requests } = await open({ cores: 3 });
      expect(await verify("export40.car", readData(export40))).toMatch(/Verified\n.*48 blocks won and signed/s);
      expect(requests.filter((url) => url.endsWith("/signatures.js")).length).toBe(2);
    });

    it.each(containers)("is read from %s", async (name, kind) => {
      const { verify } = await open();
      const text = await verify("chain4", readData(name));
      expect(text).toMatch(/Verified\n.*4 headers from epoch 3 down to the genesis of mainnet/s);
      expect(text).toContain(kind);
      expect(await verify("chain4-flipped", flipped(readData(name), 20_000))).toMatch(/Refused\n.*car\/[a-z-]+ \S/s);
    });

    it("of another network is refused by its genesis, a manifest has none", async () => {
      const { verify, choose } = await open({ query: "?network=calibnet" });
      expect(await verify("a.car", readData(export40))).toMatch(
        /Refused\n.*explorer\/other-network .*mainnet, not of calibnet/s,
      );
      await choose(goManifest());
      expect(await verify("b.car", readData(export40))).toMatch(/Refused\n.*explorer\/manifest-without-chain /s);
    });
  });

  describeData("a state proof of mainnet", [export40, genesisCar], () => {
    const { header, store } = stateOf(readData(genesisCar));

    it("of mainnet's genesis is verified, with its values; any altered byte is refused", async () => {
      const { verify } = await open();
      const proof = proofOf(header, store, power, "actors/f02/balance", "actors/f0999999", "actors/f0100");
      const text = await verify("power.car", proof);
      expect(text).toMatch(/Verified\n.*4 values in the genesis state/s);
      expect(text).toMatch(/totalQualityAdjPower\s+"791648371998720"/);
      expect(text).toMatch(/f02\/balance\s+"1100000000000000000000000000"/);
      expect(text).toMatch(/f0999999\s+not there/);
      expect(text).toMatch(/f0100\s+\{\n {2}"code": .*"balance": "979113531910832396036608"/s);
      expect(text).toMatch(/Anchored in\s+the genesis of mainnet/);
      for (const at of [20, 110, 2000, proof.length - 1]) {
        const refused = await verify(`at-${at}.car`, flipped(proof, at));
        expect(refused, `byte ${at}`).toMatch(/Refused\n.*(proof|car)\/[a-z-]+ \S/s);
      }
    });

    it("is anchored in a header chain that was verified before", async () => {
      const { verify } = await open();
      await verify("export40.car", readData(export40));
      const text = await verify("power.car", proofOf(header, store, power));
      expect(text).toMatch(/the genesis of mainnet; the header chain verified before \(export40.car\)/);
    });
  });
});
