/// The rules of a decision, as pure functions: the request, the models that are candidates, the cap
/// of the output, the quote, and the plan that follows from them and the accounts.
@NullMarked
package io.budgetauthority.decision.rule;

import org.jspecify.annotations.NullMarked;
