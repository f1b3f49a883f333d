import { firstDifference, readHistories } from "@copse/testkit/histories";
import { describe, expect, it } from "vitest";
import { kamtPlayer } from "./kamt-player.ts";

const recorded = readHistories(new URL("../vectors/kamt.jsonl.gz", import.meta.url));

describe.each(["bytes", "u256"])("recorded histories with keys as %s", (form) => {
  const all = recorded.filter(({ start }) => start.endsWith(form));

  it(`end every step with the reference's answer and root, ${all.length} histories`, { timeout: 60_000 }, () => {
    expect(all.length).toBeGreaterThan(20);
    for (const history of all)
      expect(firstDifference(kamtPlayer(history.start, history.seed), history)).toBeUndefined();
  });
});
