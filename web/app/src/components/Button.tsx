import type { ButtonHTMLAttributes, Ref } from 'react';
import { Icon, type IconName } from './Icon';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: 'normal' | 'primary' | 'danger' | 'live' | 'quiet';
  icon?: IconName;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ tone = 'normal', icon, children, className = '', ...rest }: ButtonProps) {
  return (
    <button type="button" className={`button button-${tone} ${className}`} {...rest}>
      {icon && <Icon name={icon} size={18} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, 'children' | 'icon'> {
  icon: IconName;
  label: string;
  size?: number;
}

export function IconButton({ icon, label, tone = 'quiet', className = '', size = 20, ...rest }: IconButtonProps) {
  return (
    <button type="button" className={`icon-button button-${tone} ${className}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} size={size} />
    </button>
  );
}
