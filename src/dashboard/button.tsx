import { useEffect, useState } from 'preact/hooks';
import { t } from './localize';

interface ButtonProps {
  readonly label: string;
  readonly onClick: () => void;
  /** `primary` is the one action a state asks for; `link` stands in a line of text. */
  readonly look?: 'primary' | 'secondary' | 'link';
  /** What a screen reader says where the label alone would leave open what is meant. */
  readonly hint?: string;
}

export function Button({ label, onClick, look = 'secondary', hint }: ButtonProps) {
  return (
    <button
      type="button"
      class={look}
      onClick={onClick}
      {...(hint !== undefined && { 'aria-label': hint })}
    >
      {label}
    </button>
  );
}

const confirmMs = 1500;

/** A button that says for a moment that it has copied. */
export function CopyButton({ label, onClick }: ButtonProps) {
  const [copies, setCopies] = useState(0);
  const [confirming, setConfirming] = useState(false);
  useEffect(() => {
    if (copies === 0) return undefined;
    setConfirming(true);
    const timer = setTimeout(() => {
      setConfirming(false);
    }, confirmMs);
    return () => {
      clearTimeout(timer);
    };
  }, [copies]);
  return (
    <>
      <Button
        label={confirming ? t('Copied') : label}
        onClick={() => {
          setCopies((count) => count + 1);
          onClick();
        }}
      />
      <span class="unseen" role="status">
        {confirming ? t('Copied') : ''}
      </span>
    </>
  );
}
