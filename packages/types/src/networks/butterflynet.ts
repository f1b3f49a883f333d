import { CID } from "multiformats/cid";
import { quicknet } from "./drand.ts";
import { f3Butterflynet } from "./f3-manifest.ts";
import { type Network, upgradesAt } from "./network.ts";

/**
 * The butterfly network, which is reset for each upgrade's rehearsal: these are the constants of one such network.
 *
 * @see forest:src/networks/butterflynet/mod.rs, lotus:build/buildconstants/params_butterfly.go
 */
export const butterflynet: Network = {
  name: "butterflynet",
  p2pName: "butterflynet",
  addressPrefix: "t",
  genesisCid: /* @__PURE__ */ CID.parse("bafy2bzacebt5wxzyrgizu2uunetxtkc6aom3ult236vviv2nseiwnquu6anha"),
  genesisTime: 1777963020,
  blockDelay: 30,
  propagationDelay: 6,
  equivocationDelay: 2,
  genesisVersion: 27,
  upgrades: /* @__PURE__ */ upgradesAt({ FireHorse: 1440 }),
  drand: [{ start: 0, beacon: quicknet }],
  // Lotus looks its price list up by height, and finds no upgrade of this network past 0
  messageGas: [{ height: 0, base: 38_863, perByte: 1000 }],
  breezeWindow: undefined,
  bootstrap: ["/dnsaddr/bootstrap.butterfly.fildev.network"],
  checkpoints: [],
  whitelistedBlocks: [],
  f3: f3Butterflynet,
  ethChainId: 3141592,
  minPower: 2n << 30n,
  preCommitChallengeDelay: 150,
  bootstrapPeerThreshold: 2,
};
