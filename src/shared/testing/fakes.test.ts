import { describeHealth } from "./describe-health.ts";
import { fakeHealth } from "./fakes.ts";

describeHealth("fakeHealth", fakeHealth);
