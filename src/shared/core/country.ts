import { isSupportedCountry } from "libphonenumber-js/min";

/** Whether it is a country, by ISO 3166 in two capital letters, that has phone numbers. */
export function isCountry(code: string): boolean {
  return isSupportedCountry(code);
}
