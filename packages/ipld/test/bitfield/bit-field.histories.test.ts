import { firstDifference, readHistories } from "@copse/testkit/histories";
import { expect, it } from "vitest";
import { bitsPlayer } from "./bits-player.ts";

const recorded = readHistories(new URL("../vectors/bitfield.jsonl.gz", import.meta.url));

it(`recorded histories end every step with the references' answer and bytes, ${recorded.length} of them`, () => {
  expect(recorded.length).toBeGreaterThan(100);
  for (const history of recorded) expect(firstDifference(bitsPlayer(), history)).toBeUndefined();
});
