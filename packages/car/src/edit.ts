export {
  type CarFilter,
  type CarOutput,
  type CarStream,
  concatCars,
  dedupCar,
  filterCar,
  type SeenOptions,
} from "./concat.ts";
export { type CarScan, type ScannedBlocks, scanCar } from "./scan.ts";
