import { dayIn, textIn } from "../../app/search";

/** The search parameter of every screen for the patient whose drawer is open. See patientKey.ts for its value. */
export type PatientDrawerSearch = { patient?: string };

export function patientDrawerSearch(search: Record<string, unknown>): PatientDrawerSearch {
  return { patient: textIn(search["patient"]) };
}

/** The search parameters of a patient's page. */
export type PatientSearch = {
  /** A day of the week that shows; this week by default. */
  week?: string;
};

export function patientSearch(search: Record<string, unknown>): PatientSearch {
  return { week: dayIn(search["week"]) };
}
