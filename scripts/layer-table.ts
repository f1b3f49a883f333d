const ipldAndBelow = ["primitives", "crypto", "ipld"];
const typesAndBelow = [...ipldAndBelow, "blockstore", "types"];
const treesAndBelow = [...typesAndBelow, "hamt", "amt"];

/** A row of the layer table: the layer, and which packages of ours the sources may import. */
export interface LayerRow {
  readonly layer: number | "beside";
  readonly may: readonly string[];
}

/**
 * Who may import whom: the table of the style guide, section 1. Imports point strictly down; a new package gets its
 * row here first. Applications (layer 8) may import every package that has a numbered layer.
 */
export const layerTable: Readonly<Record<string, LayerRow>> = {
  primitives: { layer: 0, may: [] },
  crypto: { layer: 1, may: ["primitives"] },
  ipld: { layer: 2, may: ["primitives", "crypto"] },
  blockstore: { layer: 3, may: ipldAndBelow },
  types: { layer: 3, may: ipldAndBelow },
  hamt: { layer: 4, may: typesAndBelow },
  amt: { layer: 4, may: typesAndBelow },
  car: { layer: 4, may: [...ipldAndBelow, "blockstore"] }, // not types: a CAR does not know what its blocks mean
  rpc: { layer: 4, may: ["primitives", "ipld", "types"] },
  network: { layer: 4, may: typesAndBelow },
  f3: { layer: 4, may: typesAndBelow },
  sealing: { layer: 4, may: typesAndBelow },
  state: { layer: 5, may: treesAndBelow },
  vm: { layer: 6, may: [...treesAndBelow, "car", "state"] }, // car: bundles of actors and vectors are CAR files
  chain: { layer: 6, may: [...treesAndBelow, "state", "f3"] },
  snapshot: { layer: 7, may: [...treesAndBelow, "car", "f3", "state", "chain"] },
  "actor-sdk": { layer: "beside", may: [] },
  testkit: { layer: "beside", may: [] },
};

/** The row of an application: everything that has a numbered layer, and no other application. */
export const appRow: LayerRow = {
  layer: 8,
  may: Object.keys(layerTable).filter((name) => layerTable[name]?.layer !== "beside"),
};
