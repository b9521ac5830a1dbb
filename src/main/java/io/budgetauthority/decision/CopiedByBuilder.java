package io.budgetauthority.decision;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// A record with so many parts that it is made and copied by name. The compiler makes its builder,
/// `<record>Builder`, for the record's package alone.
@RecordBuilder.Template(
    options =
        @RecordBuilder.Options(
            builderClassModifiers = {},
            enableWither = false,
            inheritComponentAnnotations = false,
            enableGetters = false,
            addClassRetainedGenerated = true))
@Retention(RetentionPolicy.SOURCE)
@Target(ElementType.TYPE)
public @interface CopiedByBuilder {}
