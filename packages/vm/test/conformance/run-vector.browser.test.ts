import { actorsFile, dataFile, describeActors, describeBrowser, describeData } from "@copse/testkit";
import { expect, it } from "vitest";

const vectors = {
  nv17: "fvm-test-vectors/0001-shark-01/fil_9_multisig/Approve/17/ext-0001-fil_9_multisig-Approve-17-1.json",
  nv18: "fvm-test-vectors/0002-hygge-01/fil_10_multisig/Propose/Ok/ext-0002-fil_10_multisig-Propose-Ok-1.json",
};

describeData("vectors in a browser", Object.values(vectors), () => {
  describeActors("with the actors of v9 and v10", [9, 10], () => {
    describeBrowser("the VM in a browser", (browser) => {
      it("gives the receipts of mainnet, to the last gas", { timeout: 120_000 }, async () => {
        const files = {
          v9: actorsFile(9) as string,
          v10: actorsFile(10) as string,
          nv17: dataFile(vectors.nv17) as string,
          nv18: dataFile(vectors.nv18) as string,
        };
        const page = new URL("./run-vector.page.ts", import.meta.url);
        expect(await browser().run(page, { files, timeoutMs: 100_000 })).toEqual([
          ["ext-0001-fil_9_multisig-Approve-17-1", ["939509"], []],
          ["ext-0002-fil_10_multisig-Propose-Ok-1", ["29869151"], []],
        ]);
      });
    });
  });
});
