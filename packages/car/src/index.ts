export { CarError, type CarFacts, type CarPart } from "./errors.ts";
export { type CarLimits, type CarReadOptions, defaultCarCodecs, defaultCarLimits } from "./options.ts";
export { type ByteSource, type CarReader, carBlocks, type DecodedCar, decodeCar, readCar } from "./read.ts";
export { type CarBlock, CarScanner } from "./scanner.ts";
