/// Resources for decisions, reservations, usage reports and runs.
@NullMarked
package io.budgetauthority.api.decision;

import org.jspecify.annotations.NullMarked;
