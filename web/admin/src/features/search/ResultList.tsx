import { Text, UnstyledButton } from "@mantine/core";
import { useEffect } from "react";
import classes from "./Search.module.css";
import type { Result, ResultSection, Target } from "./searchResults";

type Props = {
  sections: readonly ResultSection[];
  /** The id of the result that Enter opens. */
  chosen: string | undefined;
  nothing: string;
  onChoose: (target: Target) => void;
};

/** The list that the search field controls. The focus stays in the field. */
export function ResultList({ sections, chosen, nothing, onChoose }: Props) {
  useEffect(() => {
    if (chosen !== undefined) document.getElementById(`result-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <>
      {sections.length === 0 && (
        <Text c="dimmed" mt="md">
          {nothing}
        </Text>
      )}
      <div id="search-results" role="listbox" aria-label="Results" className={classes.list} tabIndex={-1}>
        {sections.map(({ title, results }) => (
          <div key={title} role="group" aria-label={title}>
            <div className={classes.title} aria-hidden>
              {title}
            </div>
            {results.map((result) => (
              <Option key={result.id} result={result} selected={result.id === chosen} onChoose={onChoose} />
            ))}
          </div>
        ))}
      </div>
    </>
  );
}

type OptionProps = { result: Result; selected: boolean; onChoose: (target: Target) => void };

function Option({ result: { id, label, details, icon: Icon, target }, selected, onChoose }: OptionProps) {
  return (
    <UnstyledButton
      id={`result-${id}`}
      role="option"
      aria-selected={selected}
      tabIndex={-1} // the field keeps the focus
      className={classes.option}
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => onChoose(target)}
    >
      <Icon size={18} stroke={1.6} aria-hidden />
      <div>
        {label}
        {details !== "" && <div className={classes.details}>{details}</div>}
      </div>
    </UnstyledButton>
  );
}
