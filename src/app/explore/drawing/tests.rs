use super::*;

const NONE: Held = Held { shift: false, alt: false };
const SHIFT: Held = Held { shift: true, alt: false };
const ALT: Held = Held { shift: false, alt: true };

fn at(x: f64, y: f64) -> SlidePoint {
    SlidePoint::new(x, y)
}

/// A slide with regions at 1 µm per pixel.
#[derive(Default)]
struct Slide {
    regions: RegionSet,
    classes: Classes,
}

impl Slide {
    fn canvas(&self) -> Canvas<'_> {
        Canvas { regions: &self.regions, classes: &self.classes, reach: 8.0, mpp: 1.0 }
    }

    /// Drags from the first place over all others, and does what comes of it.
    fn drag(&mut self, drawing: &mut Drawing, way: &[SlidePoint], held: Held) -> Option<RegionError> {
        drawing.press(way[0], held, self.canvas());
        for at in &way[1..] {
            drawing.go_to(*at, self.canvas());
        }
        let edit = drawing.release(held, self.canvas())?;
        self.apply(drawing, edit)
    }

    fn apply(&mut self, drawing: &mut Drawing, edit: Result<RegionEdit, RegionError>) -> Option<RegionError> {
        let done = edit.and_then(|edit| edit.apply(&mut self.regions, &mut self.classes));
        match done {
            Ok(selected) => drawing.select(selected),
            Err(why) => return Some(why),
        }
        drawing.follow(&self.regions, &self.classes);
        None
    }

    fn areas(&self) -> Vec<f64> {
        self.regions.iter().map(|r| r.shape().area_px2().round()).collect()
    }
}

fn using(tool: Tool) -> Drawing {
    let mut drawing = Drawing::default();
    drawing.use_tool(tool);
    drawing
}

#[test]
fn each_tool_draws_its_shape_in_the_chosen_class() {
    let mut slide = Slide::default();
    slide.classes.ensure(&ClassName::new("Tumour").unwrap());
    let mut drawing = using(Tool::Rectangle);
    drawing.use_class(ClassName::new("Tumour"));
    assert_eq!(slide.drag(&mut drawing, &[at(0.0, 0.0), at(50.0, 30.0), at(100.0, 40.0)], NONE), None);
    assert_eq!(slide.areas(), [4000.0]);
    let region = Arc::clone(slide.regions.iter().next().unwrap());
    assert_eq!((region.class.as_ref().unwrap().as_str(), drawing.selected()), ("Tumour", &[region.id][..]));
    slide.drag(&mut drawing, &[at(200.0, 0.0), at(260.0, -100.0)], SHIFT);
    assert_eq!(slide.areas()[1], 10_000.0, "a square as wide as the longer side");
    drawing.use_tool(Tool::Ellipse);
    slide.drag(&mut drawing, &[at(0.0, 200.0), at(200.0, 300.0)], NONE);
    assert!((slide.areas()[2] / (std::f64::consts::PI * 100.0 * 50.0) - 1.0).abs() < 0.01);
    drawing.use_tool(Tool::Lasso);
    slide.drag(&mut drawing, &[at(0.0, 0.0), at(90.0, 0.0), at(90.0, 90.0)], NONE);
    assert_eq!(slide.areas()[3], 4050.0);
    let flat = slide.drag(&mut drawing, &[at(0.0, 0.0), at(90.0, 0.0)], NONE);
    assert_eq!(flat, Some(RegionError::TooFewPoints));
    // A click draws nothing and says nothing.
    for tool in [Tool::Rectangle, Tool::Ellipse, Tool::Lasso, Tool::Cut] {
        drawing.use_tool(tool);
        assert_eq!(slide.drag(&mut drawing, &[at(5.0, 5.0), at(6.0, 6.0)], NONE), None);
    }
    assert_eq!(slide.regions.len(), 4);
}

#[test]
fn a_polygon_is_set_corner_by_corner() {
    let mut slide = Slide::default();
    let mut drawing = using(Tool::Polygon);
    for corner in [at(0.0, 0.0), at(100.0, 0.0), at(500.0, 500.0)] {
        assert!(drawing.set_corner(corner, slide.canvas()).is_none());
        assert!(drawing.release(NONE, slide.canvas()).is_none(), "it goes on between clicks");
    }
    drawing.take_corner_back();
    drawing.set_corner(at(100.0, 100.0), slide.canvas());
    drawing.go_to(at(3.0, 3.0), slide.canvas());
    assert_eq!(drawing.sketch(NONE).unwrap().0.len(), 4);
    let edit = drawing.set_corner(at(3.0, 3.0), slide.canvas()).unwrap();
    assert_eq!(slide.apply(&mut drawing, edit), None);
    assert_eq!(slide.areas(), [5000.0]);
    assert!(!drawing.is_busy());
    drawing.set_corner(at(0.0, 0.0), slide.canvas());
    drawing.set_corner(at(90.0, 0.0), slide.canvas());
    assert_eq!(drawing.close_polygon(), Some(Err(RegionError::TooFewPoints)));
    drawing.set_corner(at(0.0, 0.0), slide.canvas());
    drawing.take_corner_back();
    assert!(!drawing.is_busy());
}

#[test]
fn the_brush_paints_goes_on_and_erases() {
    let mut slide = Slide::default();
    let mut drawing = using(Tool::Brush);
    drawing.set_diameter(100.0);
    slide.drag(&mut drawing, &[at(0.0, 0.0), at(100.0, 0.0)], NONE);
    let first = slide.areas()[0];
    assert!((first / (100.0 * 100.0 + std::f64::consts::PI * 2500.0) - 1.0).abs() < 0.01, "{first}");
    let id = slide.regions.iter().next().unwrap().id;
    slide.drag(&mut drawing, &[at(100.0, 0.0), at(200.0, 0.0)], NONE);
    assert_eq!((slide.regions.len(), slide.regions.get(id).is_some()), (1, true));
    assert!(slide.areas()[0] > first + 9000.0);
    // It begins outside: another region.
    slide.drag(&mut drawing, &[at(0.0, 300.0), at(50.0, 300.0)], NONE);
    assert_eq!(slide.regions.len(), 2);
    // Only what is selected is erased.
    drawing.select(vec![id]);
    let before = slide.areas();
    slide.drag(&mut drawing, &[at(100.0, 0.0), at(100.0, 300.0), at(0.0, 300.0)], ALT);
    assert!(slide.areas()[0] < before[0]);
    assert_eq!(slide.areas()[1], before[1]);
    drawing.use_tool(Tool::Eraser);
    drawing.set_diameter(2000.0);
    drawing.select(Vec::new());
    slide.drag(&mut drawing, &[at(100.0, 0.0), at(50.0, 300.0)], NONE);
    assert!(slide.regions.is_empty());
}

#[test]
fn regions_and_points_are_moved_and_selected() {
    let mut slide = Slide::default();
    let mut drawing = using(Tool::Rectangle);
    for x in [0.0, 200.0] {
        slide.drag(&mut drawing, &[at(x, 0.0), at(x + 100.0, 100.0)], NONE);
    }
    let ids: Vec<RegionId> = slide.regions.iter().map(|r| r.id).collect();
    drawing.use_tool(Tool::Select);
    assert_eq!(drawing.picked(at(50.0, 50.0), NONE, slide.canvas()), ids[..1]);
    assert_eq!(drawing.picked(at(50.0, 50.0), SHIFT, slide.canvas()), [ids[1], ids[0]]);
    assert!(drawing.picked(at(150.0, 50.0), NONE, slide.canvas()).is_empty());
    drawing.select(vec![ids[0]]);
    slide.drag(&mut drawing, &[at(50.0, 50.0), at(60.0, 50.0), at(70.0, 80.0)], NONE);
    assert_eq!(slide.regions.get(ids[0]).unwrap().shape().bounds().min, at(20.0, 30.0));
    // The other one is not selected, so a drag does nothing to it.
    slide.drag(&mut drawing, &[at(250.0, 50.0), at(400.0, 50.0)], NONE);
    assert_eq!(slide.regions.get(ids[1]).unwrap().shape().bounds().min, at(200.0, 0.0));
    // A corner.
    slide.drag(&mut drawing, &[at(22.0, 31.0), at(0.0, 0.0)], NONE);
    assert_eq!(slide.regions.get(ids[0]).unwrap().shape().bounds().min, at(0.0, 0.0));
    // A new point on the lower edge, which is removed again.
    let edit = drawing.point_inserted(at(70.0, 133.0), slide.canvas()).unwrap();
    slide.apply(&mut drawing, Ok(edit));
    assert_eq!(slide.regions.get(ids[0]).unwrap().shape().vertex_count(), 5);
    let edit = drawing.point_removed(at(71.0, 129.0), slide.canvas()).unwrap();
    slide.apply(&mut drawing, Ok(edit));
    assert_eq!(slide.regions.get(ids[0]).unwrap().shape().vertex_count(), 4);
}

#[test]
fn a_cut_and_what_is_locked() {
    let mut slide = Slide::default();
    let mut drawing = using(Tool::Rectangle);
    slide.drag(&mut drawing, &[at(0.0, 0.0), at(100.0, 100.0)], NONE);
    drawing.use_tool(Tool::Cut);
    drawing.select(Vec::new());
    slide.drag(&mut drawing, &[at(-20.0, 40.0), at(50.0, 40.0), at(120.0, 40.0)], NONE);
    assert_eq!(slide.areas(), [6000.0, 4000.0]);
    let ids: Vec<RegionId> = slide.regions.iter().map(|r| r.id).collect();
    slide.regions.set_locked(&ids, true).unwrap();
    drawing.use_tool(Tool::Eraser);
    drawing.select(Vec::new());
    assert_eq!(slide.drag(&mut drawing, &[at(50.0, 50.0), at(60.0, 50.0)], NONE), None);
    assert_eq!(slide.areas(), [6000.0, 4000.0]);
}

#[test]
fn what_is_given_up_leaves_nothing() {
    let slide = Slide::default();
    let mut drawing = using(Tool::Brush);
    drawing.press(at(0.0, 0.0), NONE, slide.canvas());
    assert!(drawing.is_busy() && drawing.draft().is_some());
    let version = drawing.version();
    drawing.give_up();
    assert!(!drawing.is_busy() && drawing.draft().is_none() && drawing.version() > version);
    assert!(drawing.release(NONE, slide.canvas()).is_none());
}
