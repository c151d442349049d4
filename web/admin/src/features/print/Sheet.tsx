import { Alert } from "@mantine/core";
import type { ReactNode } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { Loaded } from "../../ui/states";
import { formatLongDay, formatSpan } from "../../ui/times";
import { leadersInWords, placeInWords } from "../sessions/words";
import classes from "./Sheet.module.css";
import { sheetName, type SheetName } from "./sheetName";
import { useWholeRoster, type ExpectedPatient } from "./useWholeRoster";

const SheetHeadFields = graphql(`
  fragment SheetHead on Occurrence {
    sessionDate
    startTime
    endTime
    startsAt
    timeZone
    facilitator {
      displayName
    }
    coFacilitator {
      displayName
    }
    location {
      site
      room
    }
    groupDefinition @include(if: $seesGroups) {
      id
      name
    }
  }
`);

/** Lines for people who come without being expected. */
const SPARE_LINES = 3;
const TO_FILL_IN = [
  { heading: "Signature", className: classes.signature },
  { heading: "Time in", className: classes.time },
  { heading: "Time out", className: classes.time },
];

type SheetProps = { session: FragmentType<typeof SheetHeadFields> };

/** The sheet with the preferred or first name and the initials of everybody who is expected. */
export function NamedSheet({ session, id }: SheetProps & { id: string }) {
  return (
    <Loaded result={useWholeRoster(id)}>
      {(patients) => {
        const rows = inOrder(patients);
        const alike = numbersAlike(rows);
        return (
          <>
            {alike !== null && (
              <Alert color="yellow" mb="md" title="Two look the same" className={classes.controls}>
                Numbers {alike} have the same name and initials. Tell each of them the number to sign at.
              </Alert>
            )}
            <Sheet session={session} headings={["Name", "Initials"]} footer="Confidential. Collect it after the session.">
              {rows.map((row) => [row.id, row.name, row.initials])}
            </Sheet>
          </>
        );
      }}
    </Loaded>
  );
}

/** The sheet with a numbered line for each patient who is expected. */
export function NamelessSheet({ session, lines }: SheetProps & { lines: number }) {
  return (
    <Sheet session={session} headings={[]}>
      {Array.from({ length: lines }, (_, index) => [String(index)])}
    </Sheet>
  );
}

type Props = SheetProps & { headings: readonly string[]; footer?: ReactNode; children: ReadonlyArray<readonly string[]> };

/** A table to sign. Each row is its key and the cells before the signature. */
function Sheet({ session, headings, footer, children: rows }: Props) {
  const head = readFragment(SheetHeadFields, session);
  const facts = [
    `${formatLongDay(head.sessionDate)}, ${formatSpan(head)}`,
    placeInWords(head.location),
    leadersInWords(head),
  ];
  const spare = Array.from({ length: SPARE_LINES }, (_, index) => [`spare-${index}`]);
  return (
    <section aria-label="Sheet" className={classes.sheet}>
      <h2 className={classes.title}>{head.groupDefinition?.name ?? "Group session"}</h2>
      {facts.map((fact) => (
        <div key={fact}>{fact}</div>
      ))}
      <table className={classes.table}>
        <thead>
          <tr>
            <th className={classes.number}>No.</th>
            {headings.map((heading) => (
              <th key={heading}>{heading}</th>
            ))}
            {TO_FILL_IN.map(({ heading, className }) => (
              <th key={heading} className={className}>
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...rows, ...spare].map(([key, ...cells], index) => (
            <tr key={key}>
              <td className={classes.number}>{index + 1}</td>
              {headings.map((heading, column) => (
                <td key={heading}>{cells[column]}</td>
              ))}
              {TO_FILL_IN.map(({ heading, className }) => (
                <td key={heading} className={className}>
                  {null}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {footer !== undefined && <p className={classes.footer}>{footer}</p>}
    </section>
  );
}

type Row = SheetName & { id: string };

function inOrder(patients: readonly ExpectedPatient[]): Row[] {
  const rows = patients.map((patient) => ({ id: patient.id, ...sheetName(patient) }));
  return rows.toSorted((a, b) => a.name.localeCompare(b.name) || a.initials.localeCompare(b.initials));
}

/** Return the numbers of the rows that look the same, such as "3 and 4"; null if there are none. */
function numbersAlike(rows: readonly Row[]): string | null {
  const same = (a: Row | undefined, b: Row) => a?.name === b.name && a.initials === b.initials;
  const numbers = rows.flatMap((row, index) => (same(rows[index - 1], row) || same(rows[index + 1], row) ? [index + 1] : []));
  return numbers.length === 0 ? null : new Intl.ListFormat("en-US").format(numbers.map(String));
}
