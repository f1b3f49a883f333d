import { cidOf, toCid } from "@copse/ipld";
import { fuzz } from "@copse/testkit";
import { createTipset } from "@copse/types";
import { expect } from "vitest";
import { createMint } from "../../src/mint/index.ts";
import { messageRoot } from "../../src/rules/message-root.ts";
import { checkMessages } from "../../src/validate/check-messages.ts";

const mint = createMint({ seed: "fuzz", signatures: "none", messages: true });
const tipsets = [...mint.epochs().take(20)].flatMap(({ tipset }) => tipset ?? []);
const messages = [...mint.epochs().take(20)].flatMap(({ blocks }) => blocks.map((block) => block.messages));
const header = tipsets[0]?.blocks[0];
const seeds = messages.flatMap(({ bls, secp }) => [...bls, ...secp]);

// Whatever a peer serves as a message is a fault of the block, or none: never an error, never passed over.
fuzz(
  "checkMessages",
  seeds,
  (bytes) => {
    if (header === undefined) return;
    for (const lists of [
      { bls: [bytes], secp: [] },
      { bls: [], secp: [bytes, bytes] },
    ]) {
      const root = toCid(messageRoot(lists.bls.map(cidOf), lists.secp.map(cidOf)).root);
      const { faults, checks, messageRoots, counts } = checkMessages(
        mint.network,
        createTipset([{ ...header, messages: root }]),
        [lists],
      );
      const accounted = faults.length + checks.length + counts.delegatedSignatures;
      expect(accounted).toBeGreaterThan(0);
      expect(messageRoots === 1 || faults.length > 0).toBe(true);
    }
  },
  () => false,
);
