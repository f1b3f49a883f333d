// The subpath `@copse/types/networks`: everything on networks; the root entry has the names most users need.
export { butterflynet } from "./networks/butterflynet.ts";
export { network, networks } from "./networks/by-name.ts";
export { calibnet } from "./networks/calibnet.ts";
export { devnet } from "./networks/devnet.ts";
export { type DrandChain, type DrandPoint, drandMainnet, incentinet, quicknet } from "./networks/drand.ts";
export { type F3Manifest, f3Butterflynet, f3Calibnet, f3Devnet, f3Mainnet } from "./networks/f3-manifest.ts";
export { mainnet } from "./networks/mainnet.ts";
export {
  actorsOf,
  actorsVersion,
  type Checkpoint,
  drandAt,
  type MessageGasPrice,
  type Network,
  type NetworkRules,
  networkVersion,
  type Upgrade,
  type UpgradeName,
  upgradeHeight,
  upgradesAt,
  upgradeVersions,
} from "./networks/network.ts";
