import classes from "./Compliance.module.css";

/** What a week lacks, in the server's words, such as "Need 3 more hours/week". */
export function GapList({ gaps }: { gaps: readonly { message: string }[] }) {
  return (
    <ul className={classes.gapList}>
      {gaps.map(({ message }) => (
        <li key={message}>{message}</li>
      ))}
    </ul>
  );
}
