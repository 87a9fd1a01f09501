export { ConvergenceBudget, ConvergenceProps } from "../lvs";
