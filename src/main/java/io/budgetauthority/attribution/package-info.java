/// What was spent by whom and on what: the decisions' stream added up exactly once into rows of a
/// day, and the questions that they answer.
@NullMarked
package io.budgetauthority.attribution;

import org.jspecify.annotations.NullMarked;
