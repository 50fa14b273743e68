/** SES events by way of an SNS topic. https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns.html */
import { snsCallbacks } from "../sns-envelope.ts";
import { signalsOfEvent } from "./ses-events.ts";

export const sesCallbacks = snsCallbacks(signalsOfEvent);
