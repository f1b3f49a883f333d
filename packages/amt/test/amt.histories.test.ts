import { firstDifference, readHistories } from "@copse/testkit/histories";
import { describe, expect, it } from "vitest";
import { amtPlayer } from "./amt-player.ts";

const recorded = readHistories(new URL("vectors/amt.jsonl.gz", import.meta.url));

describe.each([0, 3])("recorded histories of version %i", (version) => {
  const all = recorded.filter(({ start }) => start.startsWith(`amt ${version} `));

  it(`end every step with the references' answer and root, ${all.length} histories`, { timeout: 60_000 }, () => {
    expect(all.length).toBeGreaterThan(20);
    for (const history of all) {
      for (const seed of [0, 1]) expect(firstDifference(amtPlayer(history.start, seed), history)).toBeUndefined();
    }
  });
});
