// How addresses name a patient.
//
// A patient's id contains the id in the registry, and some registries number their records with it. Addresses end up in
// histories, bookmarks and logs, so they contain the id of one of the patient's enrollments instead: a UUID that says
// nothing about the patient, and that only people who may see patients can follow. Patients who were never in a group have
// none. They get a random key that only this tab knows, until another person signs in.

import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { currentSession } from "../../session/token";

export const PatientKeyFields = graphql(`
  fragment PatientKey on Patient {
    id
    latest: enrollments(first: 1) {
      nodes {
        id
      }
    }
  }
`);

const TAB_PREFIX = "tab-";
const ENROLLMENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let known = { generation: 0, idByKey: new Map<string, string>() };

/** Return the key of a patient for addresses. */
export function patientKey(patient: FragmentType<typeof PatientKeyFields>): string {
  const { id, latest } = readFragment(PatientKeyFields, patient);
  return latest?.nodes[0]?.id ?? tabKey(id);
}

/** Return the variables of a query that reads the patient of a key; null if the key is malformed, or another tab's or person's. */
export function variablesOf(key: string): { enrollmentId: string; patientId: string; byPatient: boolean } | null {
  if (ENROLLMENT_ID.test(key)) return { enrollmentId: key, patientId: "", byPatient: false };
  const patientId = tabKeys().get(key);
  return patientId === undefined ? null : { enrollmentId: "", patientId, byPatient: true };
}

function tabKey(id: string): string {
  const keys = tabKeys();
  const key = [...keys.keys()].find((candidate) => keys.get(candidate) === id) ?? TAB_PREFIX + randomText();
  keys.set(key, id);
  return key;
}

function tabKeys(): Map<string, string> {
  const { generation } = currentSession();
  if (known.generation !== generation) known = { generation, idByKey: new Map() };
  return known.idByKey;
}

function randomText(): string {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
