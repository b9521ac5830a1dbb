/// What was spent by whom and on what: the decisions' stream added up exactly once into daily rows,
/// and the queries that these rows answer.
@NullMarked
package io.budgetauthority.attribution;

import org.jspecify.annotations.NullMarked;
