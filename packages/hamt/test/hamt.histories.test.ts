import { firstDifference, readHistories } from "@copse/testkit/histories";
import { describe, expect, it } from "vitest";
import { hamtPlayer } from "./hamt-player.ts";

const recorded = readHistories(new URL("vectors/hamt.jsonl.gz", import.meta.url));

describe.each([0, 2, 3])("recorded histories of version %i", (version) => {
  const all = recorded.filter(({ start }) => start.startsWith(`hamt ${version} `));

  it(`end every step with the references' answer and root, ${all.length} histories`, { timeout: 60_000 }, () => {
    expect(all.length).toBeGreaterThan(20);
    for (const history of all)
      expect(firstDifference(hamtPlayer(history.start, history.seed), history)).toBeUndefined();
  });
});
