/// The HTTP interface. A resource class for each noun is in a package by subject. What all requests
/// have is in `http`. The forms of answers are in `view` and `problem`. The rules about money are
/// elsewhere.
@NullMarked
package io.budgetauthority.api;

import org.jspecify.annotations.NullMarked;
