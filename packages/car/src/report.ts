export type { CarIndexReport } from "./index-check.ts";
export { type CarLoss, type Salvage, type SalvageReport, salvageCar } from "./salvage.ts";
export { type CarFault, type CarReport, type CarTally, type CarVerifyOptions, verifyCar } from "./verify.ts";
