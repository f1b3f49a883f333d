export type { CarIndexReport } from "./index-check.ts";
export { type Salvage, salvageCar } from "./salvage.ts";
export type { CarLoss, SalvageReport } from "./salvage-report.ts";
export { type CarFault, type CarReport, type CarTally, type CarVerifyOptions, verifyCar } from "./verify.ts";
