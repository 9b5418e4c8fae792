"""An exam that was made without a plan says so, and leads to what there is."""

from tests.web.house import House


async def test_the_plan_page_of_an_exam_without_one_says_so_in_words(house: House) -> None:
    exam = await house.rooms.exams.create("An early exam", "Europe/London")
    organiser = await house.client("organiser")
    # A seat's organiser sees their own exam alone; staff see all.
    assert (await organiser.ask("GET", f"/exams/{exam.id}/plan?role=organiser")).status == 404
    async with house.rooms.database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM exam_plan")
    page = await organiser.ask("GET", f"/exams/{house.exam.exam_id}/plan?role=organiser")
    assert page.status == 200
    text = await page.text()
    assert "made without a plan" in text
    assert f"/exams/{house.exam.exam_id}/timetable" in text
