import { Anchor, type AnchorProps } from "@mantine/core";
import { Link } from "@tanstack/react-router";

type Props = AnchorProps & {
  /** One of the patient's enrollments, such as that of the row. It stands for the patient in the address. */
  enrollmentId: string;
  children: string;
};

/**
 * A patient's name that opens their drawer over the current screen. Where a row has no enrollment, query
 * `patient { ...PatientKey }` and pass `patientKey(...)` of patientKey.ts as the enrollmentId.
 */
export function PatientLink({ enrollmentId, children, ...rest }: Props) {
  return (
    <Anchor
      inherit
      c="inherit"
      underline="hover"
      {...rest}
      renderRoot={(props) => (
        <Link to="." search={(previous) => ({ ...previous, patient: enrollmentId })} resetScroll={false} {...props} />
      )}
    >
      {children}
    </Anchor>
  );
}
